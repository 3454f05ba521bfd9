"""How long what has ended is kept."""

from typing import Any

from psycopg import Connection

Database = Connection[Any]

KEPT_DAYS = 30


def delete_ended(database: Database, *, limit: int) -> int:
    """Deletes up to `limit` notifications that were sent, failed or cancelled KEPT_DAYS ago; returns how many.

    Programs side by side delete different ones.
    """
    return database.execute(
        """
        DELETE FROM notifications USING (
            SELECT id FROM notifications
            WHERE status IN ('sent', 'failed', 'cancelled') AND updated_at < now() - make_interval(days => %s)
            ORDER BY updated_at LIMIT %s FOR UPDATE SKIP LOCKED
        ) AS ended
        WHERE notifications.id = ended.id
        """,
        (KEPT_DAYS, limit),
    ).rowcount
