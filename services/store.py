"""Notifications in PostgreSQL: every SQL statement of API and worker."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from services.messages import Channel, Message
from services.positions import Position, newest_first

Database = Connection[Any]


class Status(StrEnum):
    """Where a notification stands."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Notification:
    """A stored notification, without its body. Times are in UTC."""

    id: UUID
    channel: Channel
    recipient: str
    subject: str | None
    status: Status
    attempts: int
    last_error: str | None
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None

    def __post_init__(self) -> None:
        # The driver hands over plain text for both.
        object.__setattr__(self, "channel", Channel(self.channel))
        object.__setattr__(self, "status", Status(self.status))


_COLUMNS = "id, channel, recipient, subject, status, attempts, last_error, created_at, updated_at, sent_at"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the delivery of a notification has come."""

    status: Status
    attempts: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one attempt to deliver a message; `attempts` counts this one."""

    message: Message
    status: Status
    attempts: int
    last_error: str | None = None


def insert(database: Database, message: Message, idempotency_key: str | None) -> bool:
    """Stores a new notification as queued; False if its id or its key is taken.

    Waits for a concurrent transaction that is about to take them.
    """
    cursor = database.execute(
        """
        INSERT INTO notifications (id, idempotency_key, channel, recipient, subject, body)
        VALUES (%s, %s, %s, %s, %s, %s)
        ON CONFLICT DO NOTHING
        """,
        (message.id, idempotency_key, message.channel, message.recipient, message.subject, message.body),
    )
    return cursor.rowcount == 1


def find_message(database: Database, notification_id: UUID) -> tuple[Message, Status] | None:
    """The stored content of a notification, and its status."""
    row = database.execute(
        "SELECT channel, recipient, subject, body, status FROM notifications WHERE id = %s", (notification_id,)
    ).fetchone()
    if row is None:
        return None
    channel, recipient, subject, body, status = row
    message = Message.model_construct(
        id=notification_id, channel=Channel(channel), recipient=recipient, subject=subject, body=body
    )
    return message, Status(status)


def find(database: Database, notification_id: UUID) -> Notification | None:
    """One notification."""
    with database.cursor(row_factory=class_row(Notification)) as cursor:
        return cursor.execute(
            f"SELECT {_COLUMNS} FROM notifications WHERE id = %s",  # noqa: S608  # constant text
            (notification_id,),
        ).fetchone()


def page(
    database: Database,
    *,
    limit: int,
    status: Status | None = None,
    channel: Channel | None = None,
    after: Position | None = None,
) -> list[Notification]:
    """Up to `limit` notifications, newest first, of a status and a channel where given, behind a position."""
    query, values = newest_first(
        _COLUMNS, "notifications", where={"status": status, "channel": channel}, after=after, limit=limit
    )
    with database.cursor(row_factory=class_row(Notification)) as cursor:
        return cursor.execute(query, values).fetchall()


def progress(database: Database, ids: Collection[UUID]) -> dict[UUID, Progress]:
    """How far each of the notifications has come; unknown ones are left out."""
    rows = database.execute("SELECT id, status, attempts FROM notifications WHERE id = ANY(%s)", (list(ids),))
    return {notification_id: Progress(Status(status), attempts) for notification_id, status, attempts in rows}


def record(database: Database, outcomes: Sequence[Outcome]) -> None:
    """Stores the outcomes in one statement; a notification that another producer queued is created from its message.

    Recording the same outcomes again changes nothing, and what is `sent` stays so.
    """
    # In the order of the ids, so that two workers with the same messages cannot deadlock.
    ordered = sorted(outcomes, key=lambda outcome: outcome.message.id)
    database.execute(
        """
        INSERT INTO notifications AS stored
            (id, channel, recipient, subject, body, status, attempts, last_error, sent_at)
        SELECT id, channel, recipient, subject, body, status, attempts, last_error,
               CASE WHEN status = 'sent' THEN now() END
        FROM unnest(
            %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[], %s::text[]
        ) AS outcome (id, channel, recipient, subject, body, status, attempts, last_error)
        ON CONFLICT (id) DO UPDATE SET
            status = EXCLUDED.status,
            attempts = GREATEST(stored.attempts, EXCLUDED.attempts),
            last_error = EXCLUDED.last_error,
            sent_at = EXCLUDED.sent_at,
            updated_at = now()
        WHERE stored.status <> 'sent'
        """,
        (
            [outcome.message.id for outcome in ordered],
            [outcome.message.channel for outcome in ordered],
            [outcome.message.recipient for outcome in ordered],
            [outcome.message.subject for outcome in ordered],
            [outcome.message.body for outcome in ordered],
            [outcome.status for outcome in ordered],
            [outcome.attempts for outcome in ordered],
            [outcome.last_error for outcome in ordered],
        ),
    )
