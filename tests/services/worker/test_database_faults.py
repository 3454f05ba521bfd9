"""Batches while the database is away, or was."""

from services.worker import Worker
from tests.services.worker.batch_helpers import REFUSED, SECONDS, Hooks, received_again, returned
from tests.support.batches import Source
from tests.support.eventually import eventually
from tests.support.postgres import PostgresServer, TestDatabase
from tests.support.receiver import Answer


def test_nothing_is_delivered_blindly_while_the_database_is_away(
    worker: Worker, source: Source, hooks: Hooks, postgres: PostgresServer
) -> None:
    messages = [hooks.message() for _ in range(3)]
    source.send(*[message.to_json() for message in messages])
    records = source.receive(3)
    postgres.stop()
    try:
        report = worker.handle(records, seconds=2)
    finally:
        postgres.start()
    assert returned(report, records) == [0, 1, 2]
    assert [hooks.deliveries(message) for message in messages] == [0, 0, 0]
    assert all(source.hidden_for(record) < 7 for record in records)
    assert worker.handle(records, seconds=SECONDS).counts["sent"] == 3


def test_messages_wait_longer_the_longer_the_database_is_away(
    worker: Worker, source: Source, hooks: Hooks, postgres: PostgresServer
) -> None:
    source.send(hooks.message().to_json())
    [record] = source.receive(1)
    postgres.stop()
    try:
        worker.handle([received_again(record, 2)], seconds=2)
    finally:
        postgres.start()
    assert 50 < source.hidden_for(record) <= 60


def test_a_database_that_goes_away_during_the_deliveries(
    worker: Worker, source: Source, hooks: Hooks, postgres: PostgresServer
) -> None:
    message, refused = hooks.message(Answer(before=postgres.stop)), hooks.message(REFUSED)
    source.send(message.to_json(), refused.to_json())
    records = source.receive(2)
    try:
        report = worker.handle(records, seconds=SECONDS)
    finally:
        eventually(lambda: not postgres.running)
        postgres.start()
    assert returned(report, records) == [0, 1]
    assert source.parked == {}


def test_a_connection_that_broke_between_batches_is_replaced(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    for _ in range(2):
        message = hooks.message()
        source.send(message.to_json())
        assert worker.handle(source.receive(1), seconds=SECONDS).counts["sent"] == 1
        with database.connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'worker'"
            )


def test_one_connection_serves_all_batches(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    sessions = set()
    for _ in range(3):
        source.send(hooks.message().to_json())
        worker.handle(source.receive(1), seconds=SECONDS)
        sessions |= set(database.rows("SELECT pid FROM pg_stat_activity WHERE application_name = 'worker'"))
    assert len(sessions) == 1
