"""What the database keeps when several write at the same time, or the same twice."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from services import store
from services.messages import Channel, Message
from services.store import Claim, Due, Outcome, Status
from tests.support.eventually import eventually
from tests.support.postgres import TestDatabase


def message() -> Message:
    return Message(id=uuid4(), channel=Channel.SMS, recipient="+14155550123", body="World")


def outcome(of: Message, status: Status, attempts: int = 1) -> Outcome:
    return Outcome(message=of, status=status, attempts=attempts, last_error=None if status is Status.SENT else "why")


def rows(database: TestDatabase) -> list[tuple[object, ...]]:
    return database.rows("SELECT id, status, attempts, last_error, sent_at IS NOT NULL FROM notifications")


@pytest.mark.parametrize("later", list(Status))
def test_what_is_sent_stays_sent(database: TestDatabase, later: Status) -> None:
    sent = message()
    with database.connect() as connection:
        store.record(connection, [outcome(sent, Status.SENT)])
        before = database.rows("SELECT * FROM notifications")
        store.record(connection, [outcome(sent, later, 2)])
    assert database.rows("SELECT * FROM notifications") == before


@pytest.mark.parametrize("status", list(Status))
def test_recording_an_outcome_twice_counts_once(database: TestDatabase, status: Status) -> None:
    one = message()
    with database.connect() as connection:
        for _ in range(2):
            store.record(connection, [outcome(one, status)])
    assert rows(database) == [(one.id, status.value, 1, outcome(one, status).last_error, status is Status.SENT)]


def test_what_failed_can_still_be_sent(database: TestDatabase) -> None:
    one = message()
    with database.connect() as connection:
        store.record(connection, [outcome(one, Status.FAILED)])
        store.record(connection, [outcome(one, Status.SENT, 2)])
    assert rows(database) == [(one.id, "sent", 2, None, True)]


def test_workers_with_the_same_messages_in_another_order_do_not_deadlock(database: TestDatabase) -> None:
    messages = [message() for _ in range(200)]
    start = threading.Barrier(2, timeout=60)

    def record(order: list[Message]) -> None:
        with database.connect() as connection:
            for attempt in range(5):
                start.wait()
                store.record(connection, [outcome(each, Status.QUEUED, attempt) for each in order])

    with ThreadPoolExecutor(2) as executor:
        for done in [executor.submit(record, messages), executor.submit(record, messages[::-1])]:
            done.result()
    assert len(rows(database)) == 200


def test_a_worker_that_is_quicker_than_the_commit_of_the_api_waits_for_it(database: TestDatabase) -> None:
    one = message()
    with database.connect() as api, database.connect() as worker, ThreadPoolExecutor(1) as executor:
        with api.transaction():
            assert store.insert(api, one, "key")
            recording = executor.submit(store.record, worker, [outcome(one, Status.SENT)])
            time.sleep(0.2)
            assert not recording.done()
        recording.result()
    assert database.rows("SELECT status, attempts, idempotency_key FROM notifications") == [("sent", 1, "key")]


def test_a_worker_stores_what_the_api_rolled_back(database: TestDatabase) -> None:
    one = message()
    with database.connect() as api, database.connect() as worker, ThreadPoolExecutor(1) as executor:
        with api.transaction(force_rollback=True):
            assert store.insert(api, one, "key")
            recording = executor.submit(store.record, worker, [outcome(one, Status.SENT)])
        recording.result()
    assert database.rows("SELECT id, status, body, idempotency_key FROM notifications") == [
        (one.id, "sent", one.body, None)
    ]


def claim(database: TestDatabase, *messages: Message, by: UUID, last: bool = False) -> dict[UUID, Claim]:
    with database.connect() as connection:
        return store.claim(connection, [Due(message=each, last=last) for each in messages], by=by, seconds=60)


def test_of_many_that_claim_at_the_same_time_one_has_it(database: TestDatabase) -> None:
    wanted = [message() for _ in range(10)]

    def take(number: int) -> set[UUID]:
        order = wanted if number % 2 else wanted[::-1]
        return {of for of, found in claim(database, *order, by=uuid4()).items() if not found.held_seconds}

    with ThreadPoolExecutor(8) as executor:
        taken = list(executor.map(take, range(16)))
    assert sorted(of for each in taken for of in each) == sorted(each.id for each in wanted)


def test_one_that_another_worker_is_just_storing_is_known_and_held(database: TestDatabase) -> None:
    wanted = message()
    with database.connect() as first, ThreadPoolExecutor(1) as executor:
        with first.transaction():
            store.claim(first, [Due(message=wanted, last=False)], by=uuid4(), seconds=60)
            second = executor.submit(claim, database, wanted, by=uuid4())
            eventually(database.waiting)
        found = second.result(10)[wanted.id]
    assert (found.known, found.held_seconds, found.stored) == (True, 1, None)


def test_a_claim_whose_answer_was_lost_is_made_again(database: TestDatabase) -> None:
    wanted, batch = message(), uuid4()
    for _ in range(2):
        assert claim(database, wanted, by=batch)[wanted.id] == Claim(
            status=Status.QUEUED, attempts=0, held_seconds=0, stored=wanted
        )
    assert 50 < claim(database, wanted, by=uuid4())[wanted.id].held_seconds <= 60


def test_what_is_sent_is_nobodys_to_deliver(database: TestDatabase) -> None:
    sent = message()
    with database.connect() as connection:
        store.record(connection, [outcome(sent, Status.SENT)])
    assert claim(database, sent, by=uuid4())[sent.id] == Claim(status=Status.SENT, attempts=1, held_seconds=0)
    assert rows(database) == [(sent.id, "sent", 1, None, True)]


def test_what_failed_is_queued_again_when_it_is_claimed_again(database: TestDatabase) -> None:
    failed = message()
    with database.connect() as connection:
        store.record(connection, [outcome(failed, Status.FAILED)])
    assert claim(database, failed, by=uuid4())[failed.id].attempts == 1
    assert rows(database) == [(failed.id, "queued", 1, "why", False)]
