"""Events that leave with the transaction that caused them."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from services import outbox
from services.events import Event, Publication
from services.outbox import PublishingError, Relay
from tests.support.eventually import eventually
from tests.support.postgres import PostgresServer, TestDatabase

PENDING = "SELECT payload ->> 'number' FROM outbox ORDER BY position"


@pytest.fixture
def database(empty_database: TestDatabase) -> TestDatabase:
    """A database with nothing but the table."""
    with empty_database.connect() as connection:
        connection.execute(outbox.create_table().encode())
    return empty_database


def add(database: TestDatabase, *numbers: int, topic: str = "order.placed") -> list[UUID]:
    with database.connect() as connection, connection.transaction():
        return [outbox.add(connection, topic, {"number": number}) for number in numbers]


class Exchange:
    """Takes events, but for those that a test refuses; or none, while it has a fault."""

    def __init__(self) -> None:
        self.taken: list[Event] = []
        self.calls = 0
        self.refused_topics: set[str] = set()
        self.fault: str | None = None
        self.at_a_time = 1000

    def publish(self, events: Sequence[Event]) -> Publication:
        self.calls += 1
        if self.fault and events:
            return Publication(refused={}, fault=self.fault)
        events = events[: self.at_a_time]
        refused = {event.id: "no queue" for event in events if event.topic in self.refused_topics}
        accepted = [event for event in events if event.id not in refused]
        self.taken += accepted
        return Publication(accepted=frozenset(event.id for event in accepted), refused=refused)

    @property
    def numbers(self) -> list[int]:
        return [event.payload["number"] for event in self.taken]


def connections(database: TestDatabase) -> Callable[[], AbstractContextManager[psycopg.Connection[Any]]]:
    @contextmanager
    def connection() -> Iterator[psycopg.Connection[Any]]:
        with database.connect() as opened:
            yield opened

    return connection


@contextmanager
def running(database: TestDatabase, exchange: Exchange, *, idle_seconds: float | None = 0.5) -> Iterator[Relay]:
    relay = Relay(connections(database), exchange.publish, idle_seconds=idle_seconds)
    relay.start()
    try:
        yield relay
    finally:
        relay.stop()
        assert relay.join(60)


def test_events_are_published_in_their_order_and_then_gone(database: TestDatabase) -> None:
    exchange = Exchange()
    ids = add(database, *range(120))
    with running(database, exchange):
        eventually(lambda: len(exchange.taken) == 120)
        eventually(lambda: database.rows(PENDING) == [])
    assert exchange.numbers == list(range(120))
    assert [event.id for event in exchange.taken] == ids
    assert {event.topic for event in exchange.taken} == {"order.placed"}


def test_an_event_of_a_transaction_that_fails_never_was(database: TestDatabase) -> None:
    with database.connect() as connection, connection.transaction(force_rollback=True):
        outbox.add(connection, "order.placed", {"number": 1})
    assert database.rows(PENDING) == []


def test_an_event_belongs_into_a_transaction(database: TestDatabase) -> None:
    with database.connect() as connection, pytest.raises(RuntimeError, match="transaction"):
        outbox.add(connection, "order.placed", {})
    assert database.rows("SELECT id FROM outbox") == []


def test_a_new_event_need_not_wait_for_the_next_look(database: TestDatabase) -> None:
    exchange = Exchange()
    with running(database, exchange, idle_seconds=60) as relay:
        eventually(lambda: exchange.calls)
        add(database, 1)
        relay.wake()
        eventually(lambda: exchange.numbers == [1])


def test_a_relay_that_is_only_woken_leaves_an_idle_database_alone(database: TestDatabase) -> None:
    exchange = Exchange()
    add(database, 1)
    with running(database, exchange, idle_seconds=None) as relay:
        # What a predecessor left.
        eventually(lambda: exchange.numbers == [1])
        eventually(lambda: relay.idle_seconds is None)
        calls = exchange.calls
        time.sleep(1.5)
        assert exchange.calls == calls
        add(database, 2)
        relay.wake()
        eventually(lambda: exchange.numbers == [1, 2])


def test_a_relay_that_is_only_woken_comes_back_to_what_it_left_behind(database: TestDatabase) -> None:
    exchange = Exchange()
    exchange.refused_topics = {"order.placed"}
    add(database, 1)
    with running(database, exchange, idle_seconds=None):
        eventually(lambda: database.rows("SELECT 1 FROM outbox WHERE attempts >= 1"))
        exchange.refused_topics = set()
        eventually(lambda: exchange.numbers == [1])


def test_a_relay_that_is_only_woken_comes_back_to_what_another_one_dropped(database: TestDatabase) -> None:
    exchange = Exchange()
    add(database, 1)
    with database.connect() as other, running(database, exchange, idle_seconds=None) as relay:
        with other.transaction(force_rollback=True):
            other.execute("SELECT id FROM outbox FOR UPDATE")
            relay.wake()
            time.sleep(0.3)
        eventually(lambda: exchange.numbers == [1])


def test_what_there_was_no_time_for_follows_at_once(database: TestDatabase) -> None:
    exchange = Exchange()
    exchange.at_a_time = 1
    add(database, 1, 2, 3)
    with running(database, exchange, idle_seconds=60):
        eventually(lambda: exchange.numbers == [1, 2, 3])


def test_a_publisher_gets_ready_outside_of_the_transaction(database: TestDatabase) -> None:
    in_transaction = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
    seen: list[tuple[int, int]] = []

    def publish(events: Sequence[Event]) -> Publication:
        seen.append((len(events), database.rows(in_transaction)[0][0]))
        return Publication(accepted=frozenset(event.id for event in events), refused={})

    add(database, 1, 2)
    assert not outbox.relay(connections(database), publish, 50)
    assert seen == [(0, 0), (2, 1)]


def test_the_backlog_tells_how_much_waits_and_for_how_long(database: TestDatabase) -> None:
    with database.connect() as connection:
        assert outbox.backlog(connection) == outbox.Backlog(events=0, oldest_seconds=0)
        add(database, 1, 2)
        connection.execute("UPDATE outbox SET created_at = now() - interval '90 s' WHERE payload ->> 'number' = '1'")
        backlog = outbox.backlog(connection)
    assert backlog.events == 2
    assert 90 <= backlog.oldest_seconds < 100


def test_what_is_refused_stays_with_the_reason_and_holds_up_nothing(database: TestDatabase) -> None:
    exchange = Exchange()
    exchange.refused_topics = {"nobody.listens"}
    add(database, 1, topic="nobody.listens")
    add(database, 2)
    with running(database, exchange):
        eventually(lambda: exchange.numbers == [2])
        eventually(lambda: database.rows("SELECT 1 FROM outbox WHERE attempts >= 2"))
        assert database.rows("SELECT payload ->> 'number', last_error FROM outbox") == [("1", "no queue")]
        exchange.refused_topics = set()
        eventually(lambda: exchange.numbers == [2, 1])
        eventually(lambda: database.rows(PENDING) == [])


def test_pauses_of_what_is_refused_grow_to_a_minute(database: TestDatabase) -> None:
    exchange = Exchange()
    exchange.refused_topics = {"order.placed"}
    add(database, 1)
    relay = Relay(connections(database), exchange.publish)
    with database.connect() as connection:
        for seconds in (1, 2, 4, 8, 16, 32, *[60] * 6):
            [(before,)] = connection.execute("SELECT now()")
            relay._relay()
            # The pause has begun at some time between the two.
            [(least, most)] = connection.execute("SELECT due_at - now(), due_at - %s FROM outbox", (before,))
            assert least <= timedelta(seconds=seconds) <= most
            connection.execute("UPDATE outbox SET due_at = now()")


def test_a_fault_keeps_everything(database: TestDatabase) -> None:
    exchange = Exchange()
    exchange.fault = "away"
    add(database, 1, 2)
    relay = Relay(connections(database), exchange.publish)
    with pytest.raises(PublishingError, match="away"):
        relay._relay()
    assert database.rows("SELECT attempts FROM outbox") == [(0,), (0,)]
    exchange.fault = None
    relay._relay()
    assert exchange.numbers == [1, 2]


def test_an_outbox_with_nothing_in_it_keeps_the_connection_alive(database: TestDatabase) -> None:
    exchange = Exchange()
    with running(database, exchange):
        eventually(lambda: exchange.calls > 2)


def test_relays_share_the_work_and_take_nothing_twice(database: TestDatabase) -> None:
    exchanges = [Exchange() for _ in range(4)]
    add(database, *range(400))
    relays = [Relay(connections(database), exchange.publish) for exchange in exchanges]
    with ThreadPoolExecutor(len(relays)) as executor:
        while database.rows(PENDING):
            list(executor.map(Relay._relay, relays))
    assert sorted(number for exchange in exchanges for number in exchange.numbers) == list(range(400))
    assert min(len(exchange.taken) for exchange in exchanges) > 0


def test_of_relays_that_keep_the_order_one_is_at_work(database: TestDatabase) -> None:
    exchange = Exchange()
    add(database, *range(4))

    def publish(events: Sequence[Event]) -> Publication:
        if events:
            # Another one looks meanwhile, and finds what is not locked.
            assert not outbox.relay(connections(database), exchange.publish, 1, ordered=True)
        return Publication(accepted=frozenset(event.id for event in events), refused={})

    assert outbox.relay(connections(database), publish, 2, ordered=True)
    assert exchange.numbers == []
    assert not outbox.relay(connections(database), exchange.publish, 4, ordered=True)
    assert exchange.numbers == [2, 3]


def test_a_relay_that_dies_before_it_is_done_leaves_the_event_to_another(database: TestDatabase) -> None:
    def die(_events: Sequence[Event]) -> Publication:
        raise SystemExit

    add(database, 1)
    with pytest.raises(SystemExit):
        Relay(connections(database), die)._relay()
    exchange = Exchange()
    Relay(connections(database), exchange.publish)._relay()
    assert exchange.numbers == [1]


def test_a_database_that_was_away_is_relayed_from_again(database: TestDatabase, postgres: PostgresServer) -> None:
    exchange = Exchange()
    with running(database, exchange):
        eventually(lambda: exchange.calls)
        postgres.stop()
        postgres.start()
        add(database, 1)
        eventually(lambda: exchange.numbers == [1])
