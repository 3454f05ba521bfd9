"""Which notifications are being delivered just now."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds who delivers a notification and until when. Code that does not know it goes on as before."""
    op.execute("ALTER TABLE notifications ADD COLUMN claimed_by uuid, ADD COLUMN claimed_until timestamptz")
