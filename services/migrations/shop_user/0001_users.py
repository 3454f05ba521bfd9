"""The people who shop."""

from alembic import op

from services import outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the users and the outbox."""
    op.execute(
        """
        CREATE TABLE users (
            id uuid PRIMARY KEY,
            email text NOT NULL,
            name text NOT NULL,
            -- As services.shop.passwords makes it: algorithm, parameters, salt and digest.
            password_digest text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE UNIQUE INDEX users_by_email ON users (lower(email));
        """
    )
    op.execute(outbox.create_table())
