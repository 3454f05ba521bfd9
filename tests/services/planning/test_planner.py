"""Due schedules become notifications once, by whoever holds the newest fence."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from services.planning.store import planner, schedules
from services.planning.store.planner import FencedOffError, Planned
from services.planning.times import MAX_CAUGHT_UP
from tests.services.planning.conftest import Schedule
from tests.support.postgres import TestDatabase

Connection = psycopg.Connection[Any]
TIMES = "SELECT schedule_id, planned_for, count(*) FROM notifications GROUP BY 1, 2 HAVING count(*) > 1"


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


def test_a_due_schedule_becomes_one_notification(connection: Connection, schedule: Schedule) -> None:
    schedule_id = schedule()
    fence = planner.take_over(connection)
    assert planner.plan(connection, fence=fence, limit=10) == Planned(1, 1, 0)
    assert planner.plan(connection, fence=fence, limit=10) == Planned()
    found = schedules.find(connection, schedule_id)
    assert found is not None
    assert found[0].phase == "finished"
    assert [(it.number, it.status) for it in found[1]] == [(1, "planned")]


def test_what_is_not_due_waits(connection: Connection, schedule: Schedule) -> None:
    schedule_id = schedule(send_at=ago(-60))
    assert planner.plan(connection, fence=planner.take_over(connection), limit=10) == Planned()
    found = schedules.find(connection, schedule_id)
    assert found is not None
    assert found[0].phase == "active"


def test_an_outage_is_caught_up_within_bounds(connection: Connection, schedule: Schedule) -> None:
    schedule_id = schedule(send_at=ago(100), every_seconds=1)
    planned = planner.plan(connection, fence=planner.take_over(connection), limit=10)
    assert planned.notifications == MAX_CAUGHT_UP
    assert planned.skipped >= 101 - MAX_CAUGHT_UP
    found = schedules.find(connection, schedule_id)
    assert found is not None
    schedule_now, notifications = found
    assert schedule_now.skipped == planned.skipped
    assert schedule_now.passed == planned.skipped + MAX_CAUGHT_UP
    assert [it.number for it in notifications] == list(range(schedule_now.passed, planned.skipped, -1))


def test_one_pass_is_bounded_and_begins_with_the_longest_overdue(connection: Connection, schedule: Schedule) -> None:
    for seconds in (10, 30, 20):
        schedule(send_at=ago(seconds), body=str(seconds))
    assert planner.plan(connection, fence=planner.take_over(connection), limit=2).schedules == 2
    left = connection.execute("SELECT body FROM schedules WHERE next_at IS NOT NULL").fetchall()
    assert left == [("10",)]


def test_a_former_scheduler_plans_nothing(connection: Connection, schedule: Schedule) -> None:
    former = planner.take_over(connection)
    present = planner.take_over(connection)
    schedule()
    with pytest.raises(FencedOffError):
        planner.plan(connection, fence=former, limit=10)
    assert connection.execute("SELECT count(*) FROM notifications").fetchone() == (0,)
    assert planner.plan(connection, fence=present, limit=10).notifications == 1


def test_a_pass_under_way_ends_before_a_successor_begins(database: TestDatabase, schedule: Schedule) -> None:
    schedule()
    with database.connect() as former, database.connect() as successor, ThreadPoolExecutor(1) as executor:
        fence = planner.take_over(former)
        with former.transaction():
            # As if it had been paused right after its look at the fence.
            planner.plan(former, fence=fence, limit=10)
            taking_over = executor.submit(planner.take_over, successor)
            with pytest.raises(TimeoutError):
                taking_over.result(timeout=0.3)
        assert taking_over.result(timeout=60) == fence + 1
        assert planner.plan(successor, fence=fence + 1, limit=10) == Planned()


def test_planners_side_by_side_plan_nothing_twice(database: TestDatabase, schedule: Schedule) -> None:
    """Worse than any lock allows: both have the fence. What is left are row locks and the unique constraint."""
    for _ in range(40):
        schedule(send_at=ago(3), every_seconds=1)
    with database.connect() as connection:
        fence = planner.take_over(connection)

    def run(_: int) -> int:
        with database.connect() as connection:
            return sum(planner.plan(connection, fence=fence, limit=7).notifications for _ in range(20))

    with ThreadPoolExecutor(4) as executor:
        planned = sum(executor.map(run, range(4)))
    assert database.rows(TIMES) == []
    assert database.rows("SELECT count(*) FROM notifications") == [(planned,)]
    assert planned >= 40 * 4


def test_a_time_that_was_planned_before_is_not_planned_again(connection: Connection, schedule: Schedule) -> None:
    """A schedule put back by hand or from a backup meets the notifications it already has."""
    schedule_id = schedule(send_at=ago(60))
    fence = planner.take_over(connection)
    planner.plan(connection, fence=fence, limit=10)
    connection.execute("UPDATE schedules SET next_at = first_at, passed = 0 WHERE id = %s", (schedule_id,))
    assert planner.plan(connection, fence=fence, limit=10) == Planned(1, 0, 0)


def test_a_cancelled_schedule_plans_no_more_and_calls_off_what_waits(
    connection: Connection, schedule: Schedule
) -> None:
    schedule_id = schedule(every_seconds=1)
    fence = planner.take_over(connection)
    planner.plan(connection, fence=fence, limit=10)
    assert schedules.cancel(connection, schedule_id)
    assert schedules.cancel(connection, schedule_id)
    connection.execute("SELECT pg_sleep(1.1)")
    assert planner.plan(connection, fence=fence, limit=10) == Planned()
    found = schedules.find(connection, schedule_id)
    assert found is not None
    assert found[0].phase == "cancelled"
    # More than one if over a second passed before they were planned.
    assert {it.status for it in found[1]} == {"cancelled"}
