"""The notifications that are still to be put on the queue."""

from alembic import op

from services import outbox

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the outbox."""
    op.execute(outbox.create_table())
