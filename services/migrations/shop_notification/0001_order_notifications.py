"""What people are told about their orders."""

from alembic import op

from services import inbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the known users, the notifications and the inbox."""
    op.execute(
        """
        CREATE TABLE users (
            id uuid PRIMARY KEY,
            email text NOT NULL,
            name text NOT NULL
        );
        CREATE TABLE order_notifications (
            order_id uuid PRIMARY KEY,
            user_id uuid NOT NULL,
            status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'failed')),
            attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
            last_error text,
            created_at timestamptz NOT NULL DEFAULT now(),
            sent_at timestamptz,
            CONSTRAINT sent_has_its_time CHECK ((status = 'sent') = (sent_at IS NOT NULL)),
            CONSTRAINT failed_has_its_reason CHECK (status <> 'failed' OR last_error IS NOT NULL)
        );
        """
    )
    op.execute(inbox.create_table())
