"""One delivery at a time, however many copies of a message are under way."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from services import store
from services.settings import WorkerSettings
from services.store import Due, Outcome, Status
from services.worker import Worker
from tests.services.worker.batch_helpers import (
    BROKEN,
    MAX_RECEIVES,
    OK,
    SECONDS,
    Hooks,
    build,
    received_again,
    recorded,
    returned,
)
from tests.support.batches import Source
from tests.support.eventually import eventually
from tests.support.postgres import TestDatabase
from tests.support.receiver import Answer


def test_a_copy_that_comes_while_the_other_is_delivered_waits_and_is_skipped(
    worker: Worker, settings: WorkerSettings, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    released = threading.Event()
    message = hooks.message(Answer(before=lambda: released.wait(60)))
    source.send(message.to_json(), message.to_json())
    first, second = source.receive(2)
    other, connection = build(settings)
    with ThreadPoolExecutor(1) as executor:
        delivering = executor.submit(worker.handle, [first], seconds=SECONDS)
        eventually(lambda: hooks.deliveries(message))
        report = other.handle([second], seconds=SECONDS)
        assert "another copy" in report.returned[second["messageId"]]
        # Not before the claim ends.
        assert SECONDS - 5 < source.hidden_for(second) <= SECONDS + 1
        released.set()
        assert delivering.result().counts["sent"] == 1
    assert other.handle([second], seconds=SECONDS).counts["skipped"] == 1
    connection.close()
    assert hooks.deliveries(message) == 1
    assert recorded(database) == {message.id: ("sent", 1, None)}


def test_what_a_worker_was_killed_with_is_delivered_when_its_claim_ends(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    message = hooks.message(OK)
    source.send(message.to_json())
    (record,) = source.receive(1)
    with database.connect() as connection:
        store.claim(connection, [Due(message=message, last=False)], by=uuid4(), seconds=60)
        assert returned(worker.handle([record], seconds=SECONDS), [record]) == [0]
        connection.execute("UPDATE notifications SET claimed_until = now() - interval '1 s'")
    assert worker.handle([record], seconds=SECONDS).counts["sent"] == 1


def test_a_transient_failure_lets_go_of_the_message(worker: Worker, source: Source, hooks: Hooks) -> None:
    message = hooks.message(BROKEN, OK)
    source.send(message.to_json())
    (record,) = source.receive(1)
    assert worker.handle([record], seconds=SECONDS).counts["retried"] == 1
    assert worker.handle([received_again(record, 2)], seconds=SECONDS).counts["sent"] == 1


def test_what_kills_the_worker_at_its_last_receive_ends_as_failed_with_a_reason(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQS moves the message to the dead-letter queue; nobody records anything any more."""
    message = hooks.message(OK)
    source.send(message.to_json())
    (record,) = source.receive(1)

    def killed(*_: Any, **__: Any) -> None:
        raise SystemExit

    monkeypatch.setattr("services.worker.deliver_all", killed)
    with pytest.raises(SystemExit):
        worker.handle([received_again(record, MAX_RECEIVES)], seconds=SECONDS)
    assert recorded(database) == {message.id: ("failed", 0, "the last attempt was cut off: it may have been delivered")}


def test_the_last_copy_of_what_a_dead_worker_has_ends_as_failed(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    """As after a claim whose answer was lost: the copy goes to the dead-letter queue before the claim ends."""
    message = hooks.message(OK)
    source.send(message.to_json())
    (record,) = source.receive(1)
    holder = uuid4()
    with database.connect() as connection:
        store.claim(connection, [Due(message=message, last=False)], by=holder, seconds=60)
        last = received_again(record, MAX_RECEIVES)
        assert returned(worker.handle([last], seconds=SECONDS), [last]) == [0]
        assert hooks.deliveries(message) == 0
        assert recorded(database) == {
            message.id: ("failed", 0, "the last attempt was cut off: it may have been delivered")
        }
        # If the holder lives after all, its word counts.
        outcome = Outcome(message=message, status=Status.SENT, attempts=1)
        store.record(connection, [outcome])
    assert recorded(database) == {message.id: ("sent", 1, None)}


def test_a_batch_costs_two_statements_whatever_its_size(
    worker: Worker, source: Source, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[object] = []
    execute = psycopg.Connection.execute

    def counted(self: psycopg.Connection[Any], query: Any, *arguments: Any, **options: Any) -> Any:
        statements.append(query)
        return execute(self, query, *arguments, **options)

    monkeypatch.setattr(psycopg.Connection, "execute", counted)
    for count in (1, 10):
        source.send(*[hooks.message(OK).to_json() for _ in range(count)])
        records = source.receive(count)
        statements.clear()
        assert worker.handle(records, seconds=SECONDS).counts["sent"] == count
        assert len(statements) == 2
