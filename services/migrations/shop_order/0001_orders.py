"""Orders, and the prices they were placed at."""

from alembic import op

from services import inbox, outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the known products, the orders, inbox and outbox."""
    op.execute(
        """
        CREATE TABLE products (
            id uuid PRIMARY KEY,
            name text NOT NULL,
            price_cents bigint NOT NULL CHECK (price_cents >= 0)
        );
        CREATE TABLE orders (
            id uuid PRIMARY KEY,
            user_id uuid NOT NULL,
            idempotency_key text CHECK (length(idempotency_key) BETWEEN 1 AND 255),
            product_id uuid NOT NULL REFERENCES products,
            quantity integer NOT NULL CHECK (quantity >= 1),
            total_cents bigint NOT NULL CHECK (total_cents >= 0),
            status text NOT NULL DEFAULT 'placed' CHECK (status IN ('placed', 'confirmed', 'rejected')),
            reason text,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT once_per_key UNIQUE (user_id, idempotency_key),
            CONSTRAINT rejected_has_its_reason CHECK ((status = 'rejected') = (reason IS NOT NULL))
        );
        """
    )
    op.execute(inbox.create_table())
    op.execute(outbox.create_table())
