"""What the API does: take schedules in, show them, call them off."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.messages import Channel
from services.planning.template import Value

Database = Connection[Any]

# Of one schedule, the latest are shown.
MAX_SHOWN = 100


class Status(StrEnum):
    """Where a notification stands."""

    PLANNED = "planned"
    READY = "ready"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Phase(StrEnum):
    """Where a schedule stands."""

    ACTIVE = "active"
    FINISHED = "finished"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewSchedule:
    """A schedule to be stored.

    send_at: the first time; None for at once. every_seconds: None for a single time. count: None for no end.
    """

    id: UUID
    channel: Channel
    recipient: str
    subject: str | None
    body: str
    values: Mapping[str, Value]
    send_at: datetime | None
    every_seconds: int | None
    count: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Notification:
    """One planned time of a schedule and what became of it. Times are in UTC."""

    id: UUID
    number: int
    status: Status
    planned_for: datetime
    attempts: int
    last_error: str | None
    sent_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """A stored schedule, without its template."""

    id: UUID
    channel: Channel
    recipient: str
    every_seconds: int | None
    count: int | None
    passed: int
    skipped: int
    next_at: datetime | None
    created_at: datetime
    cancelled_at: datetime | None

    @property
    def phase(self) -> Phase:
        """Active while there is more to be planned."""
        if self.cancelled_at is not None:
            return Phase.CANCELLED
        return Phase.FINISHED if self.next_at is None else Phase.ACTIVE


def insert(database: Database, schedule: NewSchedule, idempotency_key: str | None = None) -> UUID | None:
    """Stores a schedule, unless its key has been used for the same content before; returns the id of the one stored.

    None if the key stands for another content. What is due at once goes by the database's clock, as the scheduler does.
    Waits for a concurrent transaction that is about to take the key.
    """
    content = {
        "id": schedule.id,
        "idempotency_key": idempotency_key,
        "channel": schedule.channel,
        "recipient": schedule.recipient,
        "subject": schedule.subject,
        "body": schedule.body,
        "values": Jsonb(dict(schedule.values)),
        "every_seconds": schedule.every_seconds,
        "count": schedule.count,
        "send_at": schedule.send_at,
    }
    stored = database.execute(
        """
        INSERT INTO schedules (id, idempotency_key, channel, recipient, subject, body, placeholder_values,
            first_at, every_seconds, count, next_at)
        SELECT %(id)s, %(idempotency_key)s, %(channel)s, %(recipient)s, %(subject)s, %(body)s, %(values)s,
            first_at, %(every_seconds)s, %(count)s, first_at
        FROM (SELECT COALESCE(%(send_at)s, now())) AS time (first_at)
        ON CONFLICT (idempotency_key) DO NOTHING
        """,
        content,
    )
    if stored.rowcount:
        return schedule.id
    # What was to be sent at once began when it was stored, to the microsecond.
    row = database.execute(
        """
        SELECT id FROM schedules
        WHERE idempotency_key = %(idempotency_key)s
            AND (channel, recipient, body, placeholder_values, first_at)
                = (%(channel)s, %(recipient)s, %(body)s, %(values)s, COALESCE(%(send_at)s, created_at))
            AND (subject, every_seconds, count)
                IS NOT DISTINCT FROM (%(subject)s::text, %(every_seconds)s::bigint, %(count)s::bigint)
        """,
        content,
    ).fetchone()
    return row[0] if row else None


def find(database: Database, schedule_id: UUID) -> tuple[Schedule, list[Notification]] | None:
    """A schedule and its latest notifications, the newest first."""
    with database.transaction(), database.cursor(row_factory=class_row(Schedule)) as cursor:
        schedule = cursor.execute(
            """
            SELECT id, channel, recipient, every_seconds, count, passed, skipped, next_at, created_at, cancelled_at
            FROM schedules WHERE id = %s
            """,
            (schedule_id,),
        ).fetchone()
        if schedule is None:
            return None
        with database.cursor(row_factory=class_row(Notification)) as of_it:
            notifications = of_it.execute(
                """
                SELECT id, number, status, planned_for, attempts, last_error, sent_at
                FROM notifications WHERE schedule_id = %s ORDER BY planned_for DESC LIMIT %s
                """,
                (schedule_id, MAX_SHOWN),
            ).fetchall()
    return schedule, notifications


def cancel(database: Database, schedule_id: UUID) -> bool:
    """Plans nothing more of a schedule and calls off what has not been sent; False if there is none.

    What a notifier is delivering just then may still arrive, and is told as sent in that case. Cancelling it again
    changes nothing.
    """
    with database.transaction():
        # Waits for the scheduler, if that is planning it just now; the second statement then sees its notifications.
        found = database.execute(
            "UPDATE schedules SET cancelled_at = COALESCE(cancelled_at, now()), next_at = NULL WHERE id = %s",
            (schedule_id,),
        )
        if not found.rowcount:
            return False
        database.execute(
            """
            -- In one order, so that it and a worker that stores several of them do not wait for each other in a circle.
            WITH held AS MATERIALIZED (
                SELECT id FROM notifications WHERE schedule_id = %s AND status IN ('planned', 'ready')
                ORDER BY id FOR UPDATE
            )
            UPDATE notifications SET status = 'cancelled', subject = NULL, body = NULL, updated_at = now()
            FROM held WHERE notifications.id = held.id AND status IN ('planned', 'ready')
            """,
            (schedule_id,),
        )
    return True
