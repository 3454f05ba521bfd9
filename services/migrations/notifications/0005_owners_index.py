"""What finds the notifications of one owner."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the index behind an owner's list.

    In a transaction of its own, so that the table can be read meanwhile; none of the rows there are has an owner, so
    that writing waits only for as long as it takes to look.
    """
    op.execute(
        "CREATE INDEX notifications_by_owner ON notifications (owner, created_at DESC, id DESC) WHERE owner IS NOT NULL"
    )
