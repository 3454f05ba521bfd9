"""How often each identity may ask, where one minute of the database's clock follows upon another.

The statements are at the time that each test says: its own now() comes before the database's.
"""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg import Connection

from services.identity.principal import Principal
from services.identity.rates import Rates
from tests.support.postgres import TestDatabase

ADA = Principal(owner="token:ada", subject="token:ada")
EARLY, LATE = "2026-01-31 12:00:59.9", "2026-01-31 12:01:00.1"
NUMBER = 100


class Timed:
    """Takes connections whose clock shows what `time` returns."""

    def __init__(self, database: TestDatabase) -> None:
        self._database = database
        self.time: Callable[[], str] = lambda: EARLY
        # What happens while a statement waits to be carried out.
        self.meanwhile: Callable[[], object] = lambda: None

    @contextmanager
    def __call__(self) -> Iterator[Connection[Any]]:
        with self._database.connect() as connection:
            connection.execute("SET search_path = clock, public, pg_catalog")
            connection.execute("SELECT set_config('clock.time', %s, false)", (self.time(),))
            meanwhile, self.meanwhile = self.meanwhile, lambda: None
            meanwhile()
            yield connection


@pytest.fixture
def connections(database: TestDatabase) -> Iterator[Timed]:
    with database.connect() as connection:
        connection.execute("CREATE SCHEMA clock")
        connection.execute(
            "CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql"
            " RETURN current_setting('clock.time')::timestamp AT TIME ZONE 'UTC'"
        )
    yield Timed(database)
    with database.connect() as connection:
        connection.execute("DROP SCHEMA clock CASCADE")


def passed(tasks: list[Rates]) -> int:
    """How many requests get through before each task refuses."""
    count = 0
    for task in tasks:
        while task.take(ADA) == 0:
            count += 1
    return count


def test_what_is_left_of_a_minute_is_not_for_the_next_one(connections: Timed) -> None:
    task = Rates(connections, NUMBER, clock=lambda: 0.0)
    times = iter([LATE, EARLY])
    connections.time = lambda: next(times, LATE)
    # While the one asks, another thread has its lease of the minute before.
    connections.meanwhile = lambda: task.take(ADA)
    assert task.take(ADA) == 0
    assert 1 + passed([task]) == NUMBER


def test_a_lease_of_the_minute_before_does_not_take_the_place_of_this_one_s(connections: Timed) -> None:
    task = Rates(connections, NUMBER, clock=lambda: 0.0)
    times = iter([EARLY, LATE])
    connections.time = lambda: next(times, LATE)
    taken: list[bool] = []

    @contextmanager
    def late_to_return() -> Iterator[Connection[Any]]:
        with connections() as connection:
            yield connection
        if not taken:
            taken.append(True)
            assert task.take(ADA) == 0

    task._connection = late_to_return
    assert task.take(ADA) == 0
    assert 1 + passed([task]) == NUMBER


def test_a_statement_of_the_minute_before_does_not_begin_this_one_anew(connections: Timed) -> None:
    tasks = [Rates(connections, NUMBER, clock=lambda: 0.0) for _ in range(3)]
    connections.time = lambda: LATE
    assert passed(tasks[:1]) == NUMBER
    connections.time = lambda: EARLY
    assert tasks[1].take(ADA) in (60, 61)
    connections.time = lambda: LATE
    assert passed(tasks) == 0


def test_two_minutes_are_no_more_than_two_by_however_many_threads(connections: Timed) -> None:
    chance = random.Random(7)  # noqa: S311  # what is drawn is no secret
    connections.time = lambda: chance.choice((EARLY, LATE))
    tasks = [Rates(connections, NUMBER, clock=lambda: 0.0) for _ in range(3)]
    with ThreadPoolExecutor(8) as executor:
        waits = list(executor.map(lambda number: tasks[number % 3].take(ADA), range(600)))
    # What the slowest thread was granted, it may hand to its task after all others were refused: to those who come now.
    connections.time = lambda: LATE
    later = [task.take(ADA) for task in tasks for _ in range(NUMBER)]
    assert NUMBER <= waits.count(0) + later.count(0) <= 2 * NUMBER
