"""Who may use the API, how often each has in this minute, and whose notifications are whose."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds API keys, the count of requests, and the owner of a notification.

    Code that does not know of owners goes on as before: it stores notifications without one. A key of idempotency was
    unique by itself; by owner it is so as the id that is made of both, for older code and newer.
    """
    op.execute(
        """
        CREATE TABLE api_keys (
            id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{20}$'),
            name text NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
            digest bytea NOT NULL CHECK (length(digest) = 32),
            owner text NOT NULL CHECK (length(owner) BETWEEN 1 AND 100),
            created_at timestamptz NOT NULL DEFAULT now(),
            expires_at timestamptz,
            revoked_at timestamptz,
            last_used_at timestamptz
        )
        """
    )
    op.execute("CREATE UNIQUE INDEX api_keys_by_name ON api_keys (name) WHERE revoked_at IS NULL")
    op.execute(
        """
        CREATE TABLE request_rates (
            subject text PRIMARY KEY CHECK (length(subject) BETWEEN 1 AND 100),
            minute timestamptz NOT NULL,
            taken integer NOT NULL,
            granted integer NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX request_rates_by_minute ON request_rates (minute)")
    # Without a check: it would be held against every row there is, while nobody else gets at the table.
    op.execute(
        """
        ALTER TABLE notifications ADD COLUMN owner text,
            DROP CONSTRAINT IF EXISTS notifications_idempotency_key_key
        """
    )
