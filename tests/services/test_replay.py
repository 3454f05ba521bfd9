"""Sending again what failed: once each, however often it is asked for."""

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from psycopg.errors import QueryCanceled

from services import store, store_replay
from services.intake import Intake
from services.messages import Channel, Content, Message
from services.replay import replay, replay_failed
from services.store import Outcome, Status
from services.store_replay import Selection
from tests.services.replaying import claimed, failed, ids_to_be_queued, message, statuses, to_be_queued
from tests.support.eventually import eventually
from tests.support.postgres import TestDatabase

EVERYTHING = Selection()
T = TypeVar("T")


def replayed(database: TestDatabase, selection: Selection = EVERYTHING, limit: int = 100) -> list[UUID]:
    with database.connect() as connection:
        return replay_failed(connection, selection, limit).ids


@pytest.mark.parametrize("subject", [None, 'Grüße 👋 "\\'])
def test_what_failed_is_queued_in_the_form_of_the_intake(database: TestDatabase, subject: str | None) -> None:
    content = Content(channel=Channel.EMAIL, recipient="ada@example.com", subject=subject, body='a\n\t"b"\\ 👋')
    accepted = Intake(database.connect).accept(content, None)
    (as_taken_in,) = to_be_queued(database)
    with database.connect() as connection:
        connection.execute("DELETE FROM outbox")
        connection.execute("UPDATE notifications SET status = 'failed', attempts = 3, last_error = 'why'")
        assert replay(connection, accepted.id) is Status.QUEUED
    assert to_be_queued(database) == [as_taken_in]
    assert statuses(database) == [("queued", 3, "why")]
    Message.from_json(json.dumps(as_taken_in))


def test_once_queued_it_is_left_alone(database: TestDatabase) -> None:
    (notification_id,) = failed(database)
    with database.connect() as connection:
        for _ in range(3):
            assert replay(connection, notification_id) is Status.QUEUED
            replay_failed(connection, EVERYTHING, 100)
    assert ids_to_be_queued(database) == [notification_id]


def test_what_is_sent_or_unknown_or_in_the_hands_of_a_worker_is_left_alone(database: TestDatabase) -> None:
    sent, held = message(), message()
    with database.connect() as connection:
        store.record(connection, [Outcome(message=sent, status=Status.SENT, attempts=1)])
        claimed(database, held, seconds=60, last=True)
        assert replay(connection, sent.id) is Status.SENT
        assert replay(connection, held.id) is Status.FAILED
        assert replay(connection, uuid4()) is None
    assert replayed(database) == []
    assert to_be_queued(database) == []


def test_what_a_killed_worker_had_at_last_is_replayed_once_its_claim_is_over(database: TestDatabase) -> None:
    cut_off = message()
    claimed(database, cut_off, seconds=-1, last=True)
    assert replayed(database) == [cut_off.id]


def test_what_failed_ten_days_ago_is_replayed_and_its_time_begins_anew(database: TestDatabase) -> None:
    old = failed(database, *(message() for _ in range(5)))
    ages = database.rows("SELECT extract(days FROM now() - updated_at)::int FROM notifications ORDER BY created_at")
    assert [age for (age,) in ages] == [12, 9, 6, 3, 0]
    ten_days_ago = datetime.now(UTC) - timedelta(days=8.5)
    assert replayed(database, Selection(created_before=ten_days_ago)) == old[:2]
    assert database.rows("SELECT count(*) FROM notifications WHERE updated_at > now() - interval '1 min'") == [(3,)]
    # It has all the time of a new one.
    with database.connect() as connection:
        connection.execute("TRUNCATE outbox")
        assert store_replay.fail_overdue(connection, limit=10) == 0


def test_the_oldest_come_first_and_no_more_than_asked_for(database: TestDatabase) -> None:
    wanted = failed(database, *(message() for _ in range(5)))
    with database.connect() as connection:
        first, second, third = (replay_failed(connection, EVERYTHING, 2) for _ in range(3))
    assert [first.ids, second.ids, third.ids] == [wanted[:2], wanted[2:4], wanted[4:]]
    assert [first.more, second.more, third.more] == [True, True, False]
    assert ids_to_be_queued(database) == wanted


def test_of_just_as_many_as_asked_for_there_are_no_more(database: TestDatabase) -> None:
    failed(database, message(), message())
    with database.connect() as connection:
        assert not replay_failed(connection, EVERYTHING, 2).more


def some_failed(database: TestDatabase, count: int) -> None:
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO notifications (id, channel, recipient, body, status, last_error)"
            " SELECT gen_random_uuid(), 'sms', '+14155550123', 'World', 'failed', 'why' FROM generate_series(1, %s)",
            (count,),
        )


def test_many_are_queued_in_parts_until_the_time_is_over(database: TestDatabase) -> None:
    """So that no statement takes longer than the database lets it, whatever the size of the bodies."""
    some_failed(database, 250)
    with database.connect() as connection:
        parts = [replay_failed(connection, EVERYTHING, 1000, seconds=0) for _ in range(3)]
    assert [(len(part.ids), part.more) for part in parts] == [(100, True), (100, True), (50, False)]


def test_of_many_all_are_queued_while_there_is_time(database: TestDatabase) -> None:
    some_failed(database, 250)
    with database.connect() as connection:
        first, rest = replay_failed(connection, EVERYTHING, 240, seconds=5), replay_failed(connection, EVERYTHING, 1000)
    assert [(len(first.ids), first.more), (len(rest.ids), rest.more)] == [(240, True), (10, False)]


def test_what_was_queued_before_an_error_stays_so(database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    some_failed(database, 250)
    requeue_failed, limits = store_replay.requeue_failed, []

    def fail_at_second(connection: Any, selection: Selection, limit: int) -> list[UUID]:
        limits.append(limit)
        if len(limits) == 2:
            raise QueryCanceled("took too long")
        return requeue_failed(connection, selection, limit)

    monkeypatch.setattr(store_replay, "requeue_failed", fail_at_second)
    with database.connect() as connection, pytest.raises(QueryCanceled):
        replay_failed(connection, EVERYTHING, 150)
    assert (limits, len(to_be_queued(database))) == ([100, 50], 100)


def test_only_what_is_meant_is_replayed(database: TestDatabase) -> None:
    mail = message(Channel.EMAIL)
    old, _, new = failed(database, message(), mail, message())
    now = datetime.now(UTC)
    day = timedelta(days=1)
    with database.connect() as connection:
        first = replay_failed(connection, Selection(channel=Channel.EMAIL), 1)
    assert (first.ids, first.more) == ([mail.id], False)
    assert replayed(database, Selection(channel=Channel.EMAIL)) == []
    assert replayed(database, Selection(created_after=now - 5 * day, created_before=now - day)) == []
    assert replayed(database, Selection(created_after=now - day)) == [new]
    assert replayed(database, Selection(created_before=now - day)) == [old]


def test_of_many_that_ask_at_the_same_time_each_notification_is_queued_by_one(database: TestDatabase) -> None:
    wanted = failed(database, *(message() for _ in range(40)))
    start = threading.Barrier(8, timeout=60)

    def ask(number: int) -> Sequence[UUID]:
        start.wait()
        if number % 2:
            return replayed(database, limit=30)
        with database.connect() as connection:
            for each in wanted:
                replay(connection, each)
        return []

    with ThreadPoolExecutor(8) as executor:
        list(executor.map(ask, range(8)))
    assert sorted(ids_to_be_queued(database)) == sorted(wanted)


def beside(database: TestDatabase, ask: Callable[[Any], T], transaction: Callable[[Any], object]) -> T:
    """What `ask` returns of which the rows are held by a transaction that ends while it waits."""

    def asking() -> T:
        with database.connect() as connection:
            return ask(connection)

    with database.connect() as connection, ThreadPoolExecutor(1) as executor:
        with connection.transaction():
            transaction(connection)
            answer = executor.submit(asking)
            eventually(database.waiting)
        return answer.result(10)


def test_what_is_just_queued_again_is_not_queued_by_its_letter_too(database: TestDatabase) -> None:
    one = message()
    failed(database, one)
    answer = beside(
        database,
        lambda connection: store_replay.requeue_messages(connection, [one], create=False),
        lambda connection: replay(connection, one.id),
    )
    assert (answer.queued, answer.busy, answer.unknown) == (set(), set(), set())
    assert ids_to_be_queued(database) == [one.id]


def test_what_is_just_recorded_as_failed_is_waited_for_and_queued_again(database: TestDatabase) -> None:
    one = message()
    claimed(database, one, seconds=60)
    failure = Outcome(message=one, status=Status.FAILED, attempts=1, last_error="why")
    answer = beside(
        database,
        lambda connection: replay(connection, one.id),
        lambda connection: store.record(connection, [failure]),
    )
    assert answer is Status.QUEUED
    assert ids_to_be_queued(database) == [one.id]


def test_what_cannot_go_into_the_outbox_stays_failed(database: TestDatabase) -> None:
    failed(database)
    with database.connect() as connection:
        connection.execute("ALTER TABLE outbox ADD CONSTRAINT refuses_all CHECK (false) NOT VALID")
        try:
            with pytest.raises(Exception, match="refuses_all"):
                replay_failed(connection, EVERYTHING, 10)
        finally:
            connection.execute("ALTER TABLE outbox DROP CONSTRAINT refuses_all")
    assert statuses(database) == [("failed", 2, "410 Gone")]
