"""The clients' own names for tickets."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds a column: of a key that is used twice, the first ticket is found again."""
    op.execute(
        """
        ALTER TABLE tickets
            ADD COLUMN idempotency_key text UNIQUE CHECK (length(idempotency_key) BETWEEN 1 AND 255)
        """
    )
