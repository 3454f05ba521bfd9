"""Programs of platform that change the same notifications take them in one order, so that none waits in a circle."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest

from services.planning.store import deliveries, planner, rendering, schedules
from services.planning.store.rendering import Draft, Rendered, render_planned
from services.planning.worker.rendering import render
from tests.services.planning.conftest import Schedule
from tests.support.eventually import eventually
from tests.support.postgres import TestDatabase

Connection = psycopg.Connection[Any]


@pytest.fixture
def schedule_id(connection: Connection, schedule: Schedule) -> UUID:
    """A schedule with several notifications, planned after an outage."""
    schedule_id = schedule(send_at=datetime.now(UTC) - timedelta(seconds=100), every_seconds=1)
    assert planner.plan(connection, fence=planner.take_over(connection), limit=1).notifications > 2
    return schedule_id


def in_order(database: TestDatabase) -> list[UUID]:
    return [found for (found,) in database.rows("SELECT id FROM notifications ORDER BY id")]


@contextmanager
def first_one_held(database: TestDatabase) -> Iterator[None]:
    """Somebody has the first notification, which stands behind all others in the table."""
    first = in_order(database)[:1]
    with database.connect() as connection:
        connection.execute("UPDATE notifications SET updated_at = updated_at WHERE id = ANY(%s)", (first,))
        with connection.transaction():
            connection.execute("SELECT FROM notifications WHERE id = ANY(%s) FOR UPDATE", (first,))
            yield


def held_while_waiting(database: TestDatabase) -> list[UUID]:
    """The notifications that are not free once somebody waits for one."""
    eventually(database.waiting)
    free = database.rows("SELECT id FROM notifications FOR UPDATE SKIP LOCKED")
    return [each for each in in_order(database) if (each,) not in free]


def test_cancelling_takes_them_in_order(database: TestDatabase, schedule_id: UUID) -> None:
    def cancel() -> bool:
        with database.connect() as connection:
            return schedules.cancel(connection, schedule_id)

    with ThreadPoolExecutor(1) as executor:
        with first_one_held(database):
            cancelled = executor.submit(cancel)
            assert held_while_waiting(database) == in_order(database)[:1]
        assert cancelled.result(10)
    assert database.rows("SELECT DISTINCT status FROM notifications") == [("cancelled",)]


@pytest.mark.usefixtures("schedule_id")
def test_a_worker_stores_them_in_order(database: TestDatabase) -> None:
    with ThreadPoolExecutor(1) as executor, ExitStack() as held:

        def render_meanwhile(draft: Draft) -> Rendered:
            if draft.number == numbers[0]:
                held.enter_context(first_one_held(database))
            return render(draft)

        def work() -> list[Rendered]:
            with database.connect() as connection:
                return render_planned(connection, render_meanwhile, limit=100)

        numbers = [number for (number,) in database.rows("SELECT number FROM notifications ORDER BY planned_for")]
        rendered = executor.submit(work)
        assert held_while_waiting(database) == in_order(database)[:1]
        held.close()
        assert len(rendered.result(10)) == len(numbers)
    assert database.rows("SELECT DISTINCT status FROM notifications") == [("ready",)]


@pytest.mark.usefixtures("schedule_id")
@pytest.mark.parametrize(
    ("taken", "give_up"),
    [
        ("UPDATE notifications SET render_attempts = %s, free_at = now()", rendering.give_up),
        ("UPDATE notifications SET status = 'ready', body = 'x', attempts = %s, free_at = now()", deliveries.give_up),
    ],
)
def test_giving_up_waits_for_nobody(database: TestDatabase, taken: LiteralString, give_up: Any) -> None:
    assert rendering.MAX_ATTEMPTS == deliveries.MAX_ATTEMPTS
    with database.connect() as connection:
        connection.execute(taken, (deliveries.MAX_ATTEMPTS,))
        with first_one_held(database):
            connection.execute("SET lock_timeout = '5s'")
            assert give_up(connection) == len(in_order(database)) - 1
        assert give_up(connection) == 1
