"""The tickets, and the events about them that are still to be published."""

from alembic import op

from services import outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables with their rules and the indexes behind the list's filters."""
    op.execute(
        """
        CREATE TABLE tickets (
            id uuid PRIMARY KEY,
            subject text NOT NULL,
            description text NOT NULL,
            chat text NOT NULL,
            status text NOT NULL DEFAULT 'received' CHECK (status IN ('received', 'notified', 'failed')),
            attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
            last_error text,
            -- Until then, the attempt under way is the only one.
            claimed_until timestamptz,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            notified_at timestamptz,
            CONSTRAINT notified_has_its_time CHECK ((status = 'notified') = (notified_at IS NOT NULL)),
            CONSTRAINT failed_has_its_reason CHECK (status <> 'failed' OR last_error IS NOT NULL)
        )
        """
    )
    op.execute("CREATE INDEX tickets_by_age ON tickets (created_at DESC, id DESC)")
    op.execute("CREATE INDEX tickets_by_status ON tickets (status, created_at DESC, id DESC)")
    op.execute(outbox.create_table())
