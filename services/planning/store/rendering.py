"""What the worker does: claim planned notifications and store them rendered."""

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A planned notification with the template and the values of its schedule."""

    id: UUID
    channel: Channel
    recipient: str
    subject: str | None
    body: str
    placeholder_values: dict[str, Value]
    number: int
    planned_for: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """What became of a draft: READY with its text, or FAILED with the reason."""

    id: UUID
    status: Status
    subject: str | None = None
    body: str | None = None
    last_error: str | None = None


def render_planned(database: Database, render: Callable[[Draft], Rendered], *, limit: int) -> list[Rendered]:
    """Claims up to `limit` planned notifications, renders and stores them, all in one transaction.

    A worker that dies on the way leaves them planned, for another one to claim; two never get the same.
    """
    with database.transaction(), database.cursor(row_factory=class_row(Draft)) as cursor:
        drafts = cursor.execute(
            """
            SELECT claimed.id, channel, recipient, subject, body, placeholder_values, number, planned_for
            FROM (
                SELECT id, schedule_id, number, planned_for FROM notifications
                WHERE status = 'planned' ORDER BY planned_for LIMIT %s FOR UPDATE SKIP LOCKED
            ) AS claimed
            JOIN schedules ON schedules.id = schedule_id
            """,
            (limit,),
        ).fetchall()
        results = [render(draft) for draft in drafts]
        if results:
            database.execute(
                """
                UPDATE notifications
                SET status = result.status, subject = result.subject, body = result.body,
                    last_error = result.last_error, free_at = now(), updated_at = now()
                FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[])
                    AS result (id, status, subject, body, last_error)
                WHERE notifications.id = result.id
                """,
                (
                    [result.id for result in results],
                    [result.status for result in results],
                    [result.subject for result in results],
                    [result.body for result in results],
                    [result.last_error for result in results],
                ),
            )
    return results
