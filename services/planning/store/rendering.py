"""What the worker does: take planned notifications under a lease and store them rendered."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from services.messages import Channel
from services.planning.store.schedules import Status
from services.planning.template import Value

Database = Connection[Any]

MAX_ATTEMPTS = 5
# Longer than a batch takes on a slow processor, so that it is taken over only from who is gone.
LEASE_SECONDS = 15.0

# As text rather than parameters, for PostgreSQL to see that the index of what was taken before will do.
_FRESH, _TAKEN_BEFORE = "render_attempts = 0", f"render_attempts > 0 AND render_attempts < {MAX_ATTEMPTS}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A planned notification with the template and the values of its schedule.

    attempt: at rendering it; counts this one, and stands for the lease.
    """

    id: UUID
    channel: Channel
    recipient: str
    subject: str | None
    body: str
    placeholder_values: dict[str, Value]
    number: int
    planned_for: datetime
    attempt: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """What became of a draft in that attempt: READY with its text, or FAILED with the reason."""

    id: UUID
    attempt: int
    status: Status
    subject: str | None = None
    body: str | None = None
    last_error: str | None = None


def render_planned(
    database: Database,
    render: Callable[[Draft], Rendered],
    *,
    limit: int,
    lease_seconds: float = LEASE_SECONDS,
) -> list[Rendered]:
    """Takes up to `limit` planned notifications, renders and stores them; returns them. None means nothing is free.

    The attempt is committed before it is made: what a worker that died had is free again after `lease_seconds`, and
    is then taken by itself, so that what killed the worker takes nothing else along.
    """
    drafts = _claim(database, _TAKEN_BEFORE, limit=1, lease_seconds=lease_seconds)
    drafts = drafts or _claim(database, _FRESH, limit=limit, lease_seconds=lease_seconds)
    results = [render(draft) for draft in drafts]
    if results:
        _store(database, results)
    return results


def give_up(database: Database) -> int:
    """Fails what was taken for its last attempt by a worker that never came back; returns how many."""
    return database.execute(
        """
        UPDATE notifications
        SET status = 'failed', updated_at = now(),
            last_error = format('taken %%s times, and no worker rendered it', render_attempts)
        WHERE id IN (
            SELECT id FROM notifications
            WHERE status = 'planned' AND free_at <= now() AND render_attempts > 0 AND render_attempts >= %s
            -- What another one is about to change has another round.
            FOR UPDATE SKIP LOCKED
        )
        """,
        (MAX_ATTEMPTS,),
    ).rowcount


def _claim(database: Database, condition: str, *, limit: int, lease_seconds: float) -> list[Draft]:
    with database.cursor(row_factory=class_row(Draft)) as cursor:
        return cursor.execute(
            f"""
            WITH free AS (
                SELECT id FROM notifications WHERE status = 'planned' AND free_at <= now() AND {condition}
                ORDER BY planned_for LIMIT %s FOR UPDATE SKIP LOCKED
            )
            UPDATE notifications AS claimed
            SET render_attempts = render_attempts + 1, free_at = now() + %s * interval '1 second', updated_at = now()
            FROM free, schedules
            WHERE claimed.id = free.id AND schedules.id = claimed.schedule_id
            RETURNING claimed.id, channel, recipient, schedules.subject, schedules.body, placeholder_values, number,
                planned_for, render_attempts AS attempt
            """,  # noqa: S608  # constant text
            (limit, lease_seconds),
        ).fetchall()


def _store(database: Database, results: list[Rendered]) -> None:
    """Stores what is still planned, and in no other worker's hands by now."""
    database.execute(
        """
        -- In the order in which a schedule is cancelled, so that neither waits for the other in a circle.
        WITH held AS MATERIALIZED (
            SELECT id FROM notifications WHERE id = ANY(%s) ORDER BY id FOR UPDATE
        )
        UPDATE notifications
        SET status = result.status, subject = result.subject, body = result.body,
            last_error = result.last_error, free_at = now(), updated_at = now()
        FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[])
            AS result (id, attempt, status, subject, body, last_error)
            JOIN held USING (id)
        WHERE notifications.id = result.id AND notifications.status = 'planned'
            AND notifications.render_attempts = result.attempt
        """,
        (
            [result.id for result in results],
            [result.id for result in results],
            [result.attempt for result in results],
            [result.status for result in results],
            [result.subject for result in results],
            [result.body for result in results],
            [result.last_error for result in results],
        ),
    )
