"""What can be found."""

from alembic import op

from services import inbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the index of products and the inbox."""
    op.execute(
        """
        CREATE TABLE products (
            id uuid PRIMARY KEY,
            name text NOT NULL,
            price_cents bigint NOT NULL CHECK (price_cents >= 0),
            -- Names are of any language, so that words count as they are.
            words tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('simple', name)) STORED,
            -- Whether OpenSearch has it.
            in_engine boolean NOT NULL DEFAULT FALSE
        );
        CREATE INDEX products_by_words ON products USING gin (words);
        CREATE INDEX products_not_in_engine ON products (id) WHERE NOT in_engine;
        """
    )
    op.execute(inbox.create_table())
