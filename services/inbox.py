"""Handling an event once, however often it arrives.

The ids of the events that were handled are stored in the transaction that handles them, in a table that
`create_table` makes.
"""

from typing import Any
from uuid import UUID

from psycopg import Connection

from services.database import require_transaction

# Longer than any copy of an event can be on its way: the broker's retries take minutes, a person who moves dead
# letters back may take days.
_RETENTION_DAYS = 30


def create_table() -> str:
    """The SQL of the table and its index, for a migration: never changed, because it has been applied."""
    return """
        CREATE TABLE inbox (
            event_id uuid PRIMARY KEY,
            handled_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE INDEX inbox_by_age ON inbox (handled_at);
    """


def once(connection: Connection[Any], event_id: UUID) -> bool:
    """Whether the event was not handled before; to be asked within the transaction that then handles it.

    Waits for another transaction that is handling it just now. If that one fails, the answer is yes.
    Raises RuntimeError outside of a transaction.
    """
    require_transaction(connection)
    inserted = connection.execute("INSERT INTO inbox (event_id) VALUES (%s) ON CONFLICT DO NOTHING", (event_id,))
    return inserted.rowcount == 1


def forget(connection: Connection[Any]) -> int:
    """Deletes the ids of events so old that they come no more; returns how many."""
    return connection.execute(
        "DELETE FROM inbox WHERE handled_at < now() - make_interval(days => %s)", (_RETENTION_DAYS,)
    ).rowcount
