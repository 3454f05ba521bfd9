"""The notifier when something stops it, its predecessor, or the database."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest

from services.messages import Channel, Message
from services.planning.notifier.delivering import Notifier
from services.planning.store import deliveries, planner
from services.planning.store.rendering import render_planned
from services.planning.worker.rendering import render
from tests.services.planning.conftest import Schedule
from tests.support.eventually import eventually
from tests.support.postgres import TestDatabase

STATES = "SELECT status, attempts FROM notifications ORDER BY id"
# How long anything is waited for. A receiver that is to hang hangs for longer.
_SECONDS = 30
_HANG_SECONDS = 60


class Notifiers:
    """Notifiers whose only channel is a function of the test."""

    def __init__(self, database: TestDatabase) -> None:
        self._database = database
        self.started: list[Notifier] = []

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        with self._database.connect() as connection:
            yield connection

    def start(self, deliver: Callable[[Message], None], *, lease_seconds: float = 60) -> Notifier:
        channels: Mapping[Channel, Callable[[Message], None]] = {Channel.EMAIL: deliver}
        notifier = Notifier(self._connection, channels, lease_seconds=lease_seconds)
        notifier.start()
        self.started.append(notifier)
        return notifier


@pytest.fixture
def notifiers(database: TestDatabase) -> Iterator[Notifiers]:
    notifiers = Notifiers(database)
    yield notifiers
    for notifier in notifiers.started:
        notifier.stop()
    assert all(notifier.join(60) for notifier in notifiers.started)


@pytest.fixture
def ready(connection: psycopg.Connection[Any], schedule: Schedule) -> Callable[[int], None]:
    """Makes so many notifications ready."""

    def make(number: int) -> None:
        for _ in range(number):
            schedule()
        planner.plan(connection, fence=planner.take_over(connection), limit=100)
        assert len(render_planned(connection, render, limit=100)) == number

    return make


def await_states(database: TestDatabase, expected: list[tuple[str, int]]) -> None:
    eventually(lambda: database.rows(STATES) == expected)


def test_what_a_killed_notifier_had_is_delivered_by_another_under_the_same_key(
    notifiers: Notifiers, ready: Callable[[int], None], connection: psycopg.Connection[Any], database: TestDatabase
) -> None:
    ready(1)
    (taken,) = deliveries.claim(connection, limit=1, lease_seconds=3600)
    keys: list[UUID] = []
    notifiers.start(lambda message: keys.append(message.id))
    time.sleep(0.6)
    assert keys == []
    # The end of the lease.
    connection.execute("UPDATE notifications SET free_at = now()")
    await_states(database, [("sent", 2)])
    assert keys == [taken.id]


def test_two_notifiers_deliver_everything_once(
    notifiers: Notifiers, ready: Callable[[int], None], database: TestDatabase
) -> None:
    ready(60)
    keys: list[UUID] = []
    for _ in range(2):
        notifiers.start(lambda message: keys.append(message.id))
    await_states(database, [("sent", 1)] * 60)
    assert len(keys) == len(set(keys)) == 60


def test_a_slow_receiver_does_not_hold_up_the_others(
    notifiers: Notifiers, ready: Callable[[int], None], database: TestDatabase
) -> None:
    ready(40)
    released = threading.Event()
    first = threading.Lock()

    def deliver(_: Message) -> None:
        if first.acquire(blocking=False):
            assert released.wait(_HANG_SECONDS)

    notifiers.start(deliver)
    eventually(lambda: database.rows("SELECT count(*) FROM notifications WHERE status = 'sent'") == [(39,)])
    released.set()
    await_states(database, [("sent", 1)] * 40)


def test_a_stop_waits_for_what_is_being_delivered_and_takes_nothing_more(
    notifiers: Notifiers, ready: Callable[[int], None], database: TestDatabase
) -> None:
    ready(20)
    under_way, released = threading.Semaphore(0), threading.Event()

    def deliver(_: Message) -> None:
        under_way.release()
        assert released.wait(_HANG_SECONDS)

    notifier = notifiers.start(deliver)
    for _ in range(8):
        assert under_way.acquire(timeout=_SECONDS)
    notifier.stop()
    assert not notifier.join(0.2)
    released.set()
    assert notifier.join(_SECONDS)
    assert sorted(database.rows(STATES)) == [("ready", 0)] * 12 + [("sent", 1)] * 8


def test_an_outcome_is_recorded_once_the_database_is_back(
    notifiers: Notifiers, ready: Callable[[int], None], database: TestDatabase
) -> None:
    ready(1)
    keys: list[UUID] = []
    stopped = threading.Event()

    def deliver(message: Message) -> None:
        keys.append(message.id)
        database.server.stop()
        stopped.set()

    notifiers.start(deliver)
    assert stopped.wait(_SECONDS)
    time.sleep(0.5)
    database.server.start()
    await_states(database, [("sent", 1)])
    assert len(keys) == 1


def test_an_unexpected_error_is_a_passing_failure_of_one(
    notifiers: Notifiers, ready: Callable[[int], None], database: TestDatabase
) -> None:
    ready(1)

    def deliver(_: Message) -> None:
        raise ValueError("secret")

    notifiers.start(deliver)
    ended = "SELECT status, attempts, last_error FROM notifications WHERE last_error IS NOT NULL"
    assert eventually(lambda: database.rows(ended)) == [("ready", 1, "unexpected ValueError")]


def test_what_is_lost_is_given_up_however_much_there_is_to_deliver(
    notifiers: Notifiers, ready: Callable[[int], None], connection: psycopg.Connection[Any], database: TestDatabase
) -> None:
    ready(1)
    connection.execute("UPDATE notifications SET attempts = 5")
    ready(40)
    released = threading.Event()

    def deliver(_: Message) -> None:
        assert released.wait(_HANG_SECONDS)

    # Every slot is taken, and more is waiting for one.
    notifiers.start(deliver)
    try:
        eventually(lambda: database.rows("SELECT status FROM notifications WHERE status = 'failed'"))
        assert database.rows("SELECT count(*) FROM notifications WHERE status = 'sent'") == [(0,)]
    finally:
        released.set()
