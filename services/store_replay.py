"""Notifications that are sent again, or given up: SQL that reaches over notifications and outbox in one statement.

What is sent again goes from the one table into the other within the database: a thousand bodies need not pass through
the process that asks for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.intake import QUEUED
from services.messages import Channel, Message
from services.store import Database

# Longer than all retries of a message can take: the four after the first receive follow one another within 15 minutes,
# or within the 30 that SQS hides at most what a killed worker had. Each that finds the database begins the time anew.
OVERDUE_SECONDS = 2 * 60 * 60
_MOST_OVERDUE = 1000
_MOST_WAITING = 10_000
_OVERDUE = "its message did not come back within 2 h: it is in the dead-letter queue, or expired in the queue"

# No worker has it: its claim is over, or there was none.
_FREE = "COALESCE(stored.claimed_until, '-infinity') < now()"
# Whether it is still to be put on the queue.
_IN_OUTBOX = "EXISTS (SELECT FROM outbox WHERE outbox.payload ->> 'id' = stored.id::text)"
# The rows of `requeued` into the outbox, in the form and under the topic that the intake gives them.
_INTO_OUTBOX = """
    INSERT INTO outbox (id, topic, payload)
    SELECT gen_random_uuid(), %(topic)s, jsonb_strip_nulls(jsonb_build_object(
        'id', id, 'channel', channel, 'recipient', recipient, 'subject', subject, 'body', body))
    FROM requeued ORDER BY created_at, id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which of the failed notifications are meant: of a channel, accepted from one time on and before another.

    owner: whose; None means those of all, and those that have no owner.
    """

    owner: str | None = None
    channel: Channel | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Requeued:
    """What became of notifications whose messages were found: ids.

    queued: queued again, by a message of their own. busy: neither queued nor settled, mostly because a worker has them;
    nothing else may be on its way, so that the message that was found must be kept. unknown: there is no such
    notification. All others are sent, or have their message in the outbox.
    """

    queued: set[UUID]
    busy: set[UUID]
    unknown: set[UUID]


def requeue(database: Database, notification_id: UUID, *, owner: str | None = None) -> bool:
    """Queues a failed notification again; False if it is not failed, or is being delivered.

    Waits for a worker that is recording it. owner: whose it must be; None asks whoever's it is.
    """
    conditions, values = _conditions(Selection(owner=owner))
    with database.transaction():
        _hold(database, [notification_id])
        return bool(_requeue(database, f"{conditions} AND id = %(id)s", {**values, "id": notification_id}))


def requeue_failed(database: Database, selection: Selection, limit: int) -> list[UUID]:
    """Queues up to `limit` failed notifications again, the oldest first, in one statement; returns their ids.

    What another one is about to change is left alone.
    """
    conditions, values = _conditions(selection)
    return _requeue(
        database,
        f"{conditions} ORDER BY created_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED",
        {**values, "limit": limit},
    )


def has_failed(database: Database, selection: Selection) -> bool:
    """Whether there is a failed notification left to be queued again."""
    conditions, values = _conditions(selection)
    row = database.execute(
        f"SELECT EXISTS (SELECT FROM notifications AS stored WHERE status = 'failed' AND {_FREE} AND {conditions})",  # noqa: S608  # constant text
        values,
    ).fetchone()
    return bool(row and row[0])


def requeue_messages(database: Database, messages: Sequence[Message], *, create: bool = True) -> Requeued:
    """Queues the notifications of these messages again. Of two messages with one id the first counts.

    create: whether those that are not stored are made from their messages; they are not known otherwise.
    """
    by_id = {message.id: message for message in reversed(messages)}
    with database.transaction():
        _hold(database, list(by_id))
        return _requeue_messages(database, by_id, create=create)


def _hold(database: Database, ids: Sequence[UUID]) -> None:
    """Locks notifications, as workers claim them; the next statement sees what came of them, and of their outbox."""
    database.execute("SELECT FROM notifications WHERE id = ANY(%s) ORDER BY id FOR UPDATE", (list(ids),))


def _requeue_messages(database: Database, by_id: Mapping[UUID, Message], *, create: bool) -> Requeued:
    rows = database.execute(
        f"""
        WITH requeued AS (
            INSERT INTO notifications AS stored (id, channel, recipient, subject, body)
            SELECT * FROM unnest(%(ids)s::uuid[], %(channels)s::text[], %(recipients)s::text[], %(subjects)s::text[],
                                 %(bodies)s::text[]) AS asked (id, channel, recipient, subject, body)
            WHERE %(create)s OR EXISTS (SELECT FROM notifications AS known WHERE known.id = asked.id)
            -- As workers claim them, so that neither waits for the other in a circle.
            ORDER BY id
            ON CONFLICT (id) DO UPDATE SET status = 'queued', updated_at = now()
            WHERE stored.status <> 'sent' AND {_FREE} AND (stored.status = 'failed' OR NOT {_IN_OUTBOX})
            RETURNING *
        ), added AS ({_INTO_OUTBOX})
        SELECT asked.id, CASE WHEN requeued.id IS NOT NULL THEN 'queued'
                              WHEN stored.id IS NULL AND NOT %(create)s THEN 'unknown' ELSE 'busy' END
        FROM unnest(%(ids)s::uuid[]) AS asked (id)
            LEFT JOIN requeued USING (id) LEFT JOIN notifications AS stored USING (id)
        -- As it was when the statement began: what was settled then is so still, and of all else nothing is assumed.
        WHERE requeued.id IS NOT NULL
            OR (stored.status = 'sent' OR (stored.status = 'queued' AND {_IN_OUTBOX})) IS NOT TRUE
        """,  # noqa: S608  # constant text
        {
            "ids": list(by_id),
            "channels": [message.channel for message in by_id.values()],
            "recipients": [message.recipient for message in by_id.values()],
            "subjects": [message.subject for message in by_id.values()],
            "bodies": [message.body for message in by_id.values()],
            "topic": QUEUED,
            "create": create,
        },
    )
    found: dict[str, set[UUID]] = {"queued": set(), "busy": set(), "unknown": set()}
    for notification_id, fate in rows:
        found[fate].add(notification_id)
    return Requeued(**found)


def fail_overdue(database: Database, *, limit: int) -> int:
    """Ends up to `limit` queued notifications as failed whose message does not come any more; returns how many.

    They are those that nobody has touched for OVERDUE_SECONDS, that nobody has, and that are not in the outbox either.
    If the message comes after all, it is delivered. In one statement; what others are about to change is left alone.
    """
    untouched = _untouched(f"{_FREE} AND NOT {_IN_OUTBOX}")
    return database.execute(
        f"UPDATE notifications SET status = 'failed', last_error = %(reason)s, updated_at = now() {untouched}",  # noqa: S608  # constant text
        {"reason": _OVERDUE, "seconds": OVERDUE_SECONDS, "limit": limit},
    ).rowcount


def keep_waiting(database: Database, *, limit: int) -> int:
    """Touches up to `limit` notifications that have been in the outbox for half of OVERDUE_SECONDS; returns how many.

    The queue is away then. Once it is back and they are on it, they are not overdue at once.
    """
    return database.execute(
        f"UPDATE notifications SET updated_at = now() {_untouched(_IN_OUTBOX)}",  # noqa: S608  # constant text
        {"seconds": OVERDUE_SECONDS / 2, "limit": limit},
    ).rowcount


def give_up_overdue(database: Database) -> int:
    """One round of both of the above, in statements of a second or so; returns how many were ended as failed."""
    keep_waiting(database, limit=_MOST_WAITING)
    return fail_overdue(database, limit=_MOST_OVERDUE)


def _requeue(database: Database, which: str, values: dict[str, object]) -> list[UUID]:
    rows = database.execute(
        f"""
        WITH wanted AS (
            SELECT id FROM notifications AS stored WHERE status = 'failed' AND {_FREE} AND {which}
        ), requeued AS (
            UPDATE notifications SET status = 'queued', updated_at = now() FROM wanted
            WHERE notifications.id = wanted.id
            RETURNING notifications.*
        ), added AS ({_INTO_OUTBOX})
        SELECT id FROM requeued ORDER BY created_at, id
        """,  # noqa: S608  # constant text
        {**values, "topic": QUEUED},
    )
    return [notification_id for (notification_id,) in rows]


def _untouched(condition: str) -> str:
    """Which queued notifications nobody has touched for so many seconds, without those that another one has locked."""
    return f"""
        WHERE id IN (
            SELECT id FROM notifications AS stored
            -- None is touched before it is created: by that time, which has an index, few are left to look at.
            WHERE status = 'queued' AND created_at < now() - make_interval(secs => %(seconds)s)
                AND updated_at < now() - make_interval(secs => %(seconds)s) AND {condition}
            ORDER BY created_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        )
    """  # noqa: S608  # constant text


def _conditions(selection: Selection) -> tuple[str, dict[str, object]]:
    conditions = {
        "owner": "owner = %(owner)s",
        "channel": "channel = %(channel)s",
        "created_after": "created_at >= %(created_after)s",
        "created_before": "created_at < %(created_before)s",
    }
    values = {name: value for name in conditions if (value := getattr(selection, name)) is not None}
    return " AND ".join(["TRUE", *(conditions[name] for name in values)]), values
