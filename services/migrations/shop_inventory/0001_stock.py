"""What is on stock, and what of it is promised to whom."""

from alembic import op

from services import inbox, outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates stock, reservations, inbox and outbox."""
    op.execute(
        """
        CREATE TABLE stock (
            product_id uuid PRIMARY KEY,
            offered_by uuid NOT NULL,
            -- What can still be ordered.
            quantity integer NOT NULL DEFAULT 0 CHECK (quantity >= 0),
            updated_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE TABLE reservations (
            order_id uuid PRIMARY KEY,
            product_id uuid NOT NULL REFERENCES stock,
            quantity integer NOT NULL CHECK (quantity >= 1),
            created_at timestamptz NOT NULL DEFAULT now()
        );
        """
    )
    op.execute(inbox.create_table())
    op.execute(outbox.create_table())
