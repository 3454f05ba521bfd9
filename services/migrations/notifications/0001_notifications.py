"""The notifications and what finds them."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table with its rules and the indexes behind the list's filters."""
    op.execute(
        """
        CREATE TABLE notifications (
            id uuid PRIMARY KEY,
            idempotency_key text UNIQUE CHECK (length(idempotency_key) BETWEEN 1 AND 255),
            channel text NOT NULL CHECK (channel IN ('email', 'sms', 'webhook', 'telegram')),
            recipient text NOT NULL,
            subject text,
            body text NOT NULL,
            status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sent', 'failed')),
            attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
            last_error text,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            sent_at timestamptz,
            CONSTRAINT sent_has_its_time CHECK ((status = 'sent') = (sent_at IS NOT NULL)),
            CONSTRAINT failed_has_its_reason CHECK (status <> 'failed' OR last_error IS NOT NULL)
        )
        """
    )
    op.execute("CREATE INDEX notifications_by_age ON notifications (created_at DESC, id DESC)")
    op.execute("CREATE INDEX notifications_by_status ON notifications (status, created_at DESC, id DESC)")
    op.execute("CREATE INDEX notifications_by_channel ON notifications (channel, created_at DESC, id DESC)")
