"""Attempts at rendering, the clients' own names for schedules, and what keeping ended notifications short takes."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds columns with the indexes behind the new polls; lets what was sent do without its text."""
    op.execute(
        """
        ALTER TABLE schedules
            ADD COLUMN idempotency_key text UNIQUE CHECK (length(idempotency_key) BETWEEN 1 AND 255)
        """
    )
    op.execute(
        """
        ALTER TABLE notifications
            ADD COLUMN render_attempts integer NOT NULL DEFAULT 0 CHECK (render_attempts >= 0),
            DROP CONSTRAINT ready_is_rendered,
            ADD CONSTRAINT ready_is_rendered CHECK (status <> 'ready' OR body IS NOT NULL)
        """
    )
    # What was taken and not rendered is found beside any number of notifications that nobody has taken yet.
    op.execute(
        """
        CREATE INDEX notifications_render_taken ON notifications (planned_for)
        WHERE status = 'planned' AND render_attempts > 0
        """
    )
    op.execute("CREATE INDEX notifications_ready_attempts ON notifications (attempts) WHERE status = 'ready'")
    op.execute(
        """
        CREATE INDEX notifications_ended ON notifications (updated_at)
        WHERE status IN ('sent', 'failed', 'cancelled')
        """
    )
