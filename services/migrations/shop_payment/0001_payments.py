"""Payments: one for each order."""

from alembic import op

from services import inbox, outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the payments, inbox and outbox."""
    op.execute(
        """
        -- A row begins with whichever event comes first: the order, which tells whose it is and what it costs, or the
        -- inventory's word on it.
        CREATE TABLE payments (
            order_id uuid PRIMARY KEY,
            user_id uuid,
            amount_cents bigint CHECK (amount_cents >= 0),
            stock text CHECK (stock IN ('reserved', 'rejected')),
            captured_at timestamptz,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT captured_for_what_is_reserved
                CHECK (captured_at IS NULL OR (stock = 'reserved' AND amount_cents IS NOT NULL))
        );
        """
    )
    op.execute(inbox.create_table())
    op.execute(outbox.create_table())
