"""The catalogue."""

from alembic import op

from services import outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the products and the outbox."""
    op.execute(
        """
        CREATE TABLE products (
            id uuid PRIMARY KEY,
            offered_by uuid NOT NULL,
            name text NOT NULL,
            price_cents bigint NOT NULL CHECK (price_cents >= 0),
            -- Of the picture in the bucket, if there is one.
            picture_type text CHECK (picture_type IN ('image/png', 'image/jpeg', 'image/webp')),
            created_at timestamptz NOT NULL DEFAULT now()
        );
        """
    )
    op.execute(outbox.create_table())
