"""Notifications in PostgreSQL: the SQL of API and worker, apart from that of sending again (`store_replay`)."""

from collections.abc import Sequence
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


# Told of a notification whose last delivery never came to an end.
_CUT_OFF = "the last attempt was cut off: it may have been delivered"
_COLUMNS = "id, channel, recipient, subject, status, attempts, last_error, created_at, updated_at, sent_at"
_ITS_OWNER_S = "(%(owner)s::text IS NULL OR owner = %(owner)s)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A message to be delivered. last: whether SQS hands it over no more, if this attempt fails."""

    message: Message
    last: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What was found when a delivery was to begin.

    held_seconds: for how long another delivery has it; 0 if it is ours to deliver, or sent. attempts: so far.
    stored: what is to be delivered, as the database holds it; None where it is not ours to deliver.
    known: whether there is such a notification at all.
    """

    status: Status
    attempts: int
    held_seconds: float
    stored: Message | None = None
    known: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one attempt to deliver a message; `attempts` counts this one.

    held: whether it still goes on, so that the claim must not end with the record.
    """

    message: Message
    status: Status
    attempts: int
    last_error: str | None = None
    held: bool = False


def insert(database: Database, message: Message, idempotency_key: str | None, *, owner: str | None = None) -> bool:
    """Stores a new notification as queued; False if its id is taken.

    Waits for a concurrent transaction that is about to take it.
    """
    cursor = database.execute(
        """
        INSERT INTO notifications (id, idempotency_key, channel, recipient, subject, body, owner)
        VALUES (%s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT DO NOTHING
        """,
        (message.id, idempotency_key, message.channel, message.recipient, message.subject, message.body, owner),
    )
    return cursor.rowcount == 1


def find_message(
    database: Database, notification_id: UUID, *, owner: str | None = None
) -> tuple[Message, Status] | None:
    """The stored content of a notification, and its status; owner: None asks whoever's it is."""
    row = database.execute(
        f"SELECT channel, recipient, subject, body, status FROM notifications WHERE id = %(id)s AND {_ITS_OWNER_S}",  # noqa: S608  # constant text
        {"id": notification_id, "owner": owner},
    ).fetchone()
    if row is None:
        return None
    *content, status = row
    return _message(notification_id, *content), Status(status)


def _message(notification_id: UUID, channel: str, recipient: str, subject: str | None, body: str) -> Message:
    # It was judged when it was stored.
    return Message.model_construct(
        id=notification_id, channel=Channel(channel), recipient=recipient, subject=subject, body=body
    )


def find(database: Database, notification_id: UUID, *, owner: str | None = None) -> Notification | None:
    """One notification, if it belongs to the owner; None asks whoever's it is."""
    with database.cursor(row_factory=class_row(Notification)) as cursor:
        return cursor.execute(
            f"SELECT {_COLUMNS} FROM notifications WHERE id = %(id)s AND {_ITS_OWNER_S}",  # noqa: S608  # constant text
            {"id": notification_id, "owner": owner},
        ).fetchone()


def page(
    database: Database,
    *,
    limit: int,
    status: Status | None = None,
    channel: Channel | None = None,
    owner: str | None = None,
    after: Position | None = None,
) -> list[Notification]:
    """Up to `limit` notifications, newest first, of a status, a channel and an owner where given, behind a position."""
    query, values = newest_first(
        _COLUMNS,
        "notifications",
        where={"status": status, "channel": channel, "owner": owner},
        after=after,
        limit=limit,
    )
    with database.cursor(row_factory=class_row(Notification)) as cursor:
        return cursor.execute(query, values).fetchall()


def claim(
    database: Database, due: Sequence[Due], *, by: UUID, seconds: float, create: bool = True
) -> dict[UUID, Claim]:
    """Takes notifications into the hands of `by` for so many seconds, in one statement; tells of each how it stands.

    Claiming again what one has oneself changes nothing, as after an answer that was lost.
    What is stored is never changed by a message. One that SQS hands over for the last time counts as failed until it
    is recorded: whatever ends the delivery, it ends visibly. Also while another one has it, who may have been killed.
    create: whether a notification that is not stored is made from its message, as one of another producer; it is left
    alone otherwise, and not known.
    """
    rows = database.execute(
        """
        WITH asked AS (
            SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bool[])
                AS asked (id, channel, recipient, subject, body, last)
        ), claimed AS (
            INSERT INTO notifications AS stored
                (id, channel, recipient, subject, body, status, last_error, claimed_by, claimed_until)
            SELECT id, channel, recipient, subject, body, CASE WHEN last THEN 'failed' ELSE 'queued' END,
                   CASE WHEN last THEN %s END, %s, now() + make_interval(secs => %s)
            FROM asked WHERE %s OR EXISTS (SELECT FROM notifications AS known WHERE known.id = asked.id)
            -- In one order, so that two workers with the same messages cannot deadlock.
            ORDER BY id
            ON CONFLICT (id) DO UPDATE SET
                status = EXCLUDED.status,
                last_error = COALESCE(EXCLUDED.last_error, stored.last_error),
                claimed_by = CASE WHEN stored.claimed_until >= now() THEN stored.claimed_by
                             ELSE EXCLUDED.claimed_by END,
                claimed_until = CASE WHEN stored.claimed_until >= now() AND stored.claimed_by <> EXCLUDED.claimed_by
                                THEN stored.claimed_until ELSE EXCLUDED.claimed_until END,
                updated_at = now()
            WHERE stored.status <> 'sent'
                AND (COALESCE(stored.claimed_until, '-infinity') < now() OR stored.claimed_by = EXCLUDED.claimed_by
                     OR EXCLUDED.status = 'failed')
            RETURNING id, attempts, claimed_by = %s AS ours, channel, recipient, subject, body
        )
        SELECT asked.id, COALESCE(claimed.ours, false), COALESCE(claimed.attempts, found.attempts, 0),
               COALESCE(found.status, 'queued'),
               GREATEST(EXTRACT(EPOCH FROM found.claimed_until - now()), 0)::float8,
               -- What another one is just making stands in the way, and is not to be seen by this statement.
               %s OR claimed.id IS NOT NULL OR found.id IS NOT NULL,
               claimed.channel, claimed.recipient, claimed.subject, claimed.body
        FROM asked LEFT JOIN claimed USING (id) LEFT JOIN notifications AS found USING (id)
        """,
        (
            [each.message.id for each in due],
            [each.message.channel for each in due],
            [each.message.recipient for each in due],
            [each.message.subject for each in due],
            [each.message.body for each in due],
            [each.last for each in due],
            _CUT_OFF,
            by,
            seconds,
            create,
            by,
            create,
        ),
    )
    return {
        notification_id: Claim(
            status=Status.QUEUED if ours else Status(status),
            attempts=attempts,
            # Another one may have begun, or ended, while this statement waited for it: a look a second later tells.
            held_seconds=0 if ours or status == Status.SENT or not known else max(held or 0, 1),
            stored=_message(notification_id, *content) if ours else None,
            known=known,
        )
        for notification_id, ours, attempts, status, held, known, *content in rows
    }


def record(database: Database, outcomes: Sequence[Outcome]) -> None:
    """Stores the outcomes in one statement, and lets go of the notifications that are not held.

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
            %(ids)s::uuid[], %(channels)s::text[], %(recipients)s::text[], %(subjects)s::text[], %(bodies)s::text[],
            %(statuses)s::text[], %(attempts)s::int[], %(errors)s::text[]
        ) AS outcome (id, channel, recipient, subject, body, status, attempts, last_error)
        ON CONFLICT (id) DO UPDATE SET
            status = EXCLUDED.status,
            attempts = GREATEST(stored.attempts, EXCLUDED.attempts),
            last_error = CASE WHEN EXCLUDED.status <> 'sent' THEN COALESCE(EXCLUDED.last_error, stored.last_error) END,
            sent_at = EXCLUDED.sent_at,
            claimed_by = CASE WHEN stored.id = ANY(%(held)s) THEN stored.claimed_by END,
            claimed_until = CASE WHEN stored.id = ANY(%(held)s) THEN stored.claimed_until END,
            updated_at = now()
        WHERE stored.status <> 'sent'
        """,
        {
            "ids": [outcome.message.id for outcome in ordered],
            "channels": [outcome.message.channel for outcome in ordered],
            "recipients": [outcome.message.recipient for outcome in ordered],
            "subjects": [outcome.message.subject for outcome in ordered],
            "bodies": [outcome.message.body for outcome in ordered],
            "statuses": [outcome.status for outcome in ordered],
            "attempts": [outcome.attempts for outcome in ordered],
            "errors": [outcome.last_error for outcome in ordered],
            "held": [outcome.message.id for outcome in ordered if outcome.held],
        },
    )
