"""Deliveries that fail: retried, given up or parked."""

import threading
import time
from uuid import uuid4

from services.channels import build_channels
from services.database import Database, WarmConnection
from services.messages import Channel, Message
from services.receiving import ConsumedQueue
from services.secret_values import SecretValues
from services.settings import WorkerSettings
from services.worker import Worker
from tests.services.worker.batch_helpers import (
    BROKEN,
    MAX_RECEIVES,
    OK,
    REFUSED,
    SECONDS,
    Hooks,
    build,
    insert,
    received_again,
    recorded,
    returned,
)
from tests.support.batches import Source
from tests.support.eventually import eventually
from tests.support.postgres import HOST, TestDatabase, free_port
from tests.support.receiver import Answer


def test_a_refused_message_is_recorded_and_parked(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    message = hooks.message(REFUSED)
    insert(database, message)
    source.send(message.to_json())
    report = worker.handle(source.receive(1), seconds=SECONDS)
    assert report.returned == {}
    assert report.counts["failed"] == 1
    status, attempts, error = recorded(database)[message.id]
    assert (status, attempts) == ("failed", 1)
    assert "410" in str(error)
    assert source.parked == {message.to_json(): error}


def test_a_refused_message_that_cannot_be_parked_goes_back(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    message = hooks.message(REFUSED)
    source.send(message.to_json())
    records = source.receive(1)
    source.aws.sqs.delete_queue(QueueUrl=source.dead_letter_url)
    assert returned(worker.handle(records, seconds=SECONDS), records) == [0]
    assert recorded(database)[message.id][0] == "failed"


def test_a_parked_message_that_is_sent_again_is_tried_again(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    message = hooks.message(REFUSED, OK)
    for _ in range(2):
        source.send(message.to_json())
        worker.handle(source.receive(1), seconds=SECONDS)
    assert recorded(database) == {message.id: ("sent", 2, None)}


def test_a_passing_failure_is_retried_after_a_growing_delay(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    message = hooks.message(BROKEN, BROKEN, OK)
    source.send(message.to_json())
    [record] = source.receive(1)
    for receive, (least, most) in {1: (3, 6), 2: (8, 12)}.items():
        started = time.time()
        report = worker.handle([received_again(record, receive)], seconds=SECONDS)
        hidden = source.hidden_for(record)
        assert list(report.returned) == [record["messageId"]]
        assert report.counts["retried"] == 1
        # It was hidden some time after the start.
        assert least <= hidden + time.time() - started
        assert hidden <= most
        status, attempts, error = recorded(database)[message.id]
        assert (status, attempts) == ("queued", receive)
        assert "503" in str(error)
    assert worker.handle([received_again(record, 3)], seconds=SECONDS).returned == {}
    assert recorded(database) == {message.id: ("sent", 3, None)}
    assert source.parked == {}


def test_a_receiver_that_asks_for_time_gets_it(worker: Worker, source: Source, hooks: Hooks) -> None:
    source.send(hooks.message(Answer(429, headers={"Retry-After": "300"})).to_json())
    [record] = source.receive(1)
    worker.handle([record], seconds=SECONDS)
    assert 295 <= source.hidden_for(record) <= 300


def test_no_retry_waits_longer_than_configured(settings: WorkerSettings, source: Source, hooks: Hooks) -> None:
    worker, connection = build(settings.model_copy(update={"longest_delay_seconds": 40}))
    source.send(hooks.message(Answer(429, headers={"Retry-After": "300"})).to_json())
    [record] = source.receive(1)
    worker.handle([record], seconds=SECONDS)
    assert 35 <= source.hidden_for(record) <= 40
    connection.close()


def test_the_last_receive_records_the_failure_and_leaves_the_rest_to_the_queue(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    message = hooks.message(BROKEN)
    source.send(message.to_json())
    [record] = source.receive(1)
    report = worker.handle([received_again(record, MAX_RECEIVES)], seconds=SECONDS)
    assert list(report.returned) == [record["messageId"]]
    assert report.counts["failed"] == 1
    assert source.hidden_for(record) <= 0
    status, attempts, error = recorded(database)[message.id]
    assert (status, attempts) == ("failed", 1)
    assert "503" in str(error)
    assert source.parked == {}


def test_a_copy_with_receives_left_keeps_the_notification_queued(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    message = hooks.message(BROKEN)
    source.send(message.to_json(), message.to_json())
    first, second = source.receive(2)
    worker.handle([received_again(first, MAX_RECEIVES), second], seconds=SECONDS)
    assert recorded(database)[message.id][0] == "queued"


def test_a_partial_batch(worker: Worker, source: Source, hooks: Hooks, database: TestDatabase) -> None:
    messages = [hooks.message(answer) for answer in (OK, BROKEN, OK, REFUSED, OK, BROKEN, OK, OK)]
    source.send("no JSON", *[message.to_json() for message in messages])
    records = source.receive(9)
    report = worker.handle(records, seconds=SECONDS)
    assert sorted(records[position]["body"] for position in returned(report, records)) == sorted(
        [messages[1].to_json(), messages[5].to_json()]
    )
    statuses = [recorded(database)[message.id][0] for message in messages]
    assert statuses == ["sent", "queued", "sent", "failed", "sent", "queued", "sent", "sent"]
    assert sorted(source.parked) == sorted(["no JSON", messages[3].to_json()])
    assert report.counts == {"malformed": 1, "sent": 5, "failed": 1, "retried": 2}


def test_a_delivery_that_takes_too_long_does_not_hold_the_batch(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    go_on = threading.Event()
    slow, quick = hooks.message(Answer(before=lambda: go_on.wait(SECONDS))), hooks.message()
    source.send(slow.to_json(), quick.to_json())
    records = source.receive(2)
    report = worker.handle(records, seconds=10)
    go_on.set()
    assert [records[position]["body"] for position in returned(report, records)] == [slow.to_json()]
    assert recorded(database)[quick.id] == ("sent", 1, None)
    status, _, error = recorded(database)[slow.id]
    assert (status, error) == ("queued", "the delivery did not end in time")


def test_a_delivery_that_goes_on_is_not_begun_beside_itself(worker: Worker, source: Source, hooks: Hooks) -> None:
    slow = hooks.message(Answer(after_seconds=9), OK)
    source.send(slow.to_json())
    records = source.receive(1)
    # Given up after 4 s, claimed for 8.
    worker.handle(records, seconds=8)
    again = worker.handle(records, seconds=8)
    assert list(again.returned.values()) == ["another copy is being delivered"]
    assert hooks.deliveries(slow) == 1
    eventually(lambda: worker.handle(records, seconds=8).counts["sent"] == 1)


def test_an_unexpected_error_of_a_channel_is_one_messages_affair(
    settings: WorkerSettings, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    good = hooks.message()
    bad = Message(id=uuid4(), channel=Channel.SMS, recipient="+14155550123", body="hunter2")

    def explode(message: Message) -> None:
        raise RuntimeError(message.body)

    connection = WarmConnection(Database(settings.database, SecretValues(), application_name="worker"))
    channels = {**build_channels(settings, SecretValues()), Channel.SMS: explode}
    worker = Worker(
        connection=connection,
        channels=channels,
        queue=ConsumedQueue(settings.dlq_url),
        max_receive_count=MAX_RECEIVES,
        other_producers=True,
    )
    source.send(bad.to_json(), good.to_json())
    records = source.receive(2)
    report = worker.handle(records, seconds=SECONDS)
    assert [records[position]["body"] for position in returned(report, records)] == [bad.to_json()]
    assert recorded(database)[bad.id] == ("queued", 1, "unexpected RuntimeError")
    assert recorded(database)[good.id] == ("sent", 1, None)
    connection.close()


def test_a_channel_out_of_reach(settings: WorkerSettings, source: Source, database: TestDatabase) -> None:
    worker, connection = build(settings.model_copy(update={"telegram_base_url": f"https://{HOST}:{free_port()}"}))
    message = Message(id=uuid4(), channel=Channel.TELEGRAM, recipient="42", body="World")
    source.send(message.to_json())
    records = source.receive(1)
    assert returned(worker.handle(records, seconds=SECONDS), records) == [0]
    assert recorded(database)[message.id][0] == "queued"
    connection.close()


def test_messages_that_can_no_longer_be_delayed_are_answered_all_the_same(
    worker: Worker, source: Source, hooks: Hooks
) -> None:
    source.send(hooks.message(BROKEN).to_json())
    records = source.receive(1)
    source.aws.sqs.delete_queue(QueueUrl=source.url)
    assert returned(worker.handle(records, seconds=SECONDS), records) == [0]
