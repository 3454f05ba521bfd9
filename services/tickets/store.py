"""Tickets in PostgreSQL: every SQL statement of the service, apart from those of the outbox."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from services.positions import Position, newest_first

Database = Connection[Any]

# Longer than an attempt can take: its process has died then.
CLAIM_SECONDS = 60


class Status(StrEnum):
    """Where a ticket stands."""

    RECEIVED = "received"
    NOTIFIED = "notified"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    """A stored ticket. Times are in UTC."""

    id: UUID
    subject: str
    description: str
    chat: str
    status: Status
    attempts: int
    last_error: str | None
    created_at: datetime
    updated_at: datetime
    notified_at: datetime | None

    def __post_init__(self) -> None:
        # The driver hands over plain text.
        object.__setattr__(self, "status", Status(self.status))


_COLUMNS = "id, subject, description, chat, status, attempts, last_error, created_at, updated_at, notified_at"


def insert(
    database: Database,
    ticket_id: UUID,
    *,
    subject: str,
    description: str,
    chat: str,
    idempotency_key: str | None = None,
) -> bool:
    """Stores a new ticket as received; False if its key is taken.

    Waits for a concurrent transaction that is about to take the key.
    """
    cursor = database.execute(
        """
        INSERT INTO tickets (id, idempotency_key, subject, description, chat) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (idempotency_key) DO NOTHING
        """,
        (ticket_id, idempotency_key, subject, description, chat),
    )
    return cursor.rowcount == 1


def find_by_key(database: Database, idempotency_key: str) -> Ticket | None:
    """The ticket that a key stands for."""
    with database.cursor(row_factory=class_row(Ticket)) as cursor:
        return cursor.execute(
            f"SELECT {_COLUMNS} FROM tickets WHERE idempotency_key = %s",  # noqa: S608  # constant text
            (idempotency_key,),
        ).fetchone()


def find(database: Database, ticket_id: UUID) -> Ticket | None:
    """One ticket."""
    with database.cursor(row_factory=class_row(Ticket)) as cursor:
        return cursor.execute(
            f"SELECT {_COLUMNS} FROM tickets WHERE id = %s",  # noqa: S608  # constant text
            (ticket_id,),
        ).fetchone()


def page(
    database: Database, *, limit: int, status: Status | None = None, after: Position | None = None
) -> list[Ticket]:
    """Up to `limit` tickets, newest first, of a status where given, behind a position."""
    query, values = newest_first(_COLUMNS, "tickets", where={"status": status}, after=after, limit=limit)
    with database.cursor(row_factory=class_row(Ticket)) as cursor:
        return cursor.execute(query, values).fetchall()


def claim(database: Database, ticket_id: UUID) -> Ticket | None:
    """Begins an attempt to notify, and counts it. None if there is nothing to be done, or another one does it.

    A ticket that failed is tried again: somebody has taken its event out of the dead letters.
    """
    with database.cursor(row_factory=class_row(Ticket)) as cursor:
        return cursor.execute(
            f"""
            UPDATE tickets
            SET attempts = attempts + 1, claimed_until = now() + make_interval(secs => %s), updated_at = now()
            WHERE id = %s AND status <> 'notified' AND (claimed_until IS NULL OR claimed_until < now())
            RETURNING {_COLUMNS}
            """,  # noqa: S608  # constant text
            (CLAIM_SECONDS, ticket_id),
        ).fetchone()


def notified(database: Database, ticket_id: UUID) -> None:
    """Ends an attempt that succeeded."""
    database.execute(
        """
        UPDATE tickets
        SET status = 'notified', last_error = NULL, claimed_until = NULL, notified_at = now(), updated_at = now()
        WHERE id = %s
        """,
        (ticket_id,),
    )


def failed_once(database: Database, ticket_id: UUID, reason: str) -> None:
    """Ends an attempt that another one follows."""
    database.execute(
        """
        UPDATE tickets SET last_error = %s, claimed_until = NULL, updated_at = now()
        WHERE id = %s AND status <> 'notified'
        """,
        (reason, ticket_id),
    )


def failed(database: Database, ticket_id: UUID, reason: str) -> None:
    """Gives a ticket up, unless it has been notified after all."""
    database.execute(
        """
        UPDATE tickets SET status = 'failed', last_error = %s, claimed_until = NULL, updated_at = now()
        WHERE id = %s AND status <> 'notified'
        """,
        (reason, ticket_id),
    )
