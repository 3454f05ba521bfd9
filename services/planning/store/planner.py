"""What the scheduler does: turn due schedules into notifications, as long as it is the one that may."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from psycopg import Connection

from services.planning.times import Due, Rhythm, due

Database = Connection[Any]


class FencedOffError(Exception):
    """Another scheduler has taken over since; this one must plan nothing more."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What one pass came to. schedules: how many were due; `limit` of them means that more may be."""

    schedules: int = 0
    notifications: int = 0
    skipped: int = 0


def take_over(database: Database) -> int:
    """Puts up a new fence and returns its number: whoever has an older one plans nothing from here on.

    Waits for a pass of the former scheduler that is under way.
    """
    row = database.execute("UPDATE planning_fence SET number = number + 1 RETURNING number").fetchone()
    assert row is not None  # noqa: S101  # the migration puts the row there
    number: int = row[0]
    return number


def plan(database: Database, *, fence: int, limit: int) -> Planned:
    """Plans up to `limit` schedules that are due, the longest overdue first, in one transaction.

    Raises FencedOffError. The fence is checked and held in the same transaction, so that a scheduler which was paused
    at any point, for however long, either commits before its successor begins or not at all.
    """
    with database.transaction():
        row = database.execute("SELECT number, now() FROM planning_fence FOR SHARE").fetchone()
        if row is None or row[0] != fence:
            raise FencedOffError
        now: datetime = row[1]
        schedules = database.execute(
            """
            SELECT id, first_at, every_seconds, count, passed FROM schedules
            WHERE next_at <= %s ORDER BY next_at LIMIT %s FOR UPDATE SKIP LOCKED
            """,
            (now, limit),
        ).fetchall()
        dues = [
            (schedule_id, due(Rhythm(first_at=first_at, every_seconds=every, count=count), passed=passed, now=now))
            for schedule_id, first_at, every, count, passed in schedules
        ]
        notifications = _insert(database, dues)
        _advance(database, dues)
    return Planned(len(dues), notifications, sum(it.skipped for _, it in dues))


def _insert(database: Database, dues: list[tuple[Any, Due]]) -> int:
    rows = [(uuid4(), schedule_id, number, time) for schedule_id, it in dues for number, time in it.times]
    if not rows:
        return 0
    return database.execute(
        """
        INSERT INTO notifications (id, schedule_id, number, planned_for)
        SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::timestamptz[])
        ON CONFLICT ON CONSTRAINT once_per_planned_time DO NOTHING
        """,
        [list(column) for column in zip(*rows, strict=True)],
    ).rowcount


def _advance(database: Database, dues: list[tuple[Any, Due]]) -> None:
    if not dues:
        return
    database.execute(
        """
        UPDATE schedules
        SET passed = now_due.passed, skipped = schedules.skipped + now_due.skipped, next_at = now_due.next_at
        FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::timestamptz[])
            AS now_due (id, passed, skipped, next_at)
        WHERE schedules.id = now_due.id
        """,
        (
            [schedule_id for schedule_id, _ in dues],
            [it.passed for _, it in dues],
            [it.skipped for _, it in dues],
            [it.next_at for _, it in dues],
        ),
    )
