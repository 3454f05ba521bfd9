"""What becomes of a batch: delivered once, recorded, retried, given up or parked."""

import json
import logging
import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from services import store
from services.channels import build_channels
from services.database import Database, WarmConnection
from services.messages import Channel, Message
from services.receiving import ConsumedQueue
from services.secret_values import SecretValues
from services.settings import WorkerSettings
from services.text import portable
from services.worker import BatchReport, Worker
from tests.support.batches import Source
from tests.support.emulator import Aws
from tests.support.postgres import HOST, PostgresServer, TestDatabase, free_port
from tests.support.receiver import Answer, Receiver

MAX_RECEIVES = 3
SECONDS = 20.0


@pytest.fixture
def source(aws: Aws) -> Source:
    return Source.create(aws)


@pytest.fixture
def settings(database: TestDatabase, aws: Aws, source: Source, receiver: Receiver) -> WorkerSettings:
    aws.ses.verify_email_identity(EmailAddress="no-reply@example.com")
    return WorkerSettings.from_environment(
        {
            "DATABASE_URL": database.url,
            "DLQ_URL": source.dead_letter_url,
            "MAX_RECEIVE_COUNT": str(MAX_RECEIVES),
            "EMAIL_SENDER": "no-reply@example.com",
            "TELEGRAM_SECRET_ARN": aws.secret("42:token"),
            "TELEGRAM_BASE_URL": receiver.url,
            "POWERTOOLS_METRICS_NAMESPACE": "test",
            "POWERTOOLS_SERVICE_NAME": "worker",
            "APP_ENV": "test",
        }
    )


def build(settings: WorkerSettings) -> tuple[Worker, WarmConnection]:
    secrets = SecretValues()
    connection = WarmConnection(Database(settings.database, secrets, application_name="worker"))
    worker = Worker(
        connection=connection,
        channels=build_channels(settings, secrets),
        queue=ConsumedQueue(settings.dlq_url),
        max_receive_count=settings.max_receive_count,
    )
    return worker, connection


@pytest.fixture
def worker(settings: WorkerSettings) -> Iterator[Worker]:
    worker, connection = build(settings)
    yield worker
    connection.close()


class Hooks:
    """Webhook messages to the receiver, which answers each as the test wants."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver

    def message(self, *answers: Answer) -> Message:
        notification_id = uuid4()
        path = f"/{notification_id}"
        if answers:
            self.receiver.answers[path] = list(answers)
        return Message(
            id=notification_id, channel=Channel.WEBHOOK, recipient=self.receiver.url + path, body=f"hunter2 {path}"
        )

    def deliveries(self, message: Message) -> int:
        return len(self.receiver.to(f"/{message.id}"))


@pytest.fixture
def hooks(receiver: Receiver) -> Hooks:
    return Hooks(receiver)


OK, REFUSED, BROKEN = Answer(200), Answer(410), Answer(503)


def recorded(database: TestDatabase) -> dict[UUID, tuple[str, int, str | None]]:
    rows = database.rows("SELECT id, status, attempts, last_error FROM notifications")
    return {notification_id: (status, attempts, error) for notification_id, status, attempts, error in rows}


def insert(database: TestDatabase, *messages: Message) -> None:
    with database.connect() as connection:
        for message in messages:
            store.insert(connection, message, None)


def received_again(record: dict[str, Any], count: int) -> dict[str, Any]:
    return {**record, "attributes": {**record["attributes"], "ApproximateReceiveCount": str(count)}}


def returned(report: BatchReport, records: list[dict[str, Any]]) -> list[int]:
    """The positions of the records that go back to the queue."""
    return [number for number, record in enumerate(records) if record["messageId"] in report.returned]


def test_a_batch_over_all_channels(
    worker: Worker, source: Source, aws: Aws, receiver: Receiver, database: TestDatabase
) -> None:
    recipients = {
        Channel.EMAIL: "worker@example.com",
        Channel.SMS: "+14155550999",
        Channel.WEBHOOK: f"{receiver.url}/hook",
        Channel.TELEGRAM: "42",
    }
    messages = [
        Message(id=uuid4(), channel=channel, recipient=recipient, body="World")
        for channel, recipient in recipients.items()
    ]
    insert(database, *messages)
    source.send(*[message.to_json() for message in messages])
    report = worker.handle(source.receive(4), seconds=SECONDS)
    assert report.returned == {}
    assert report.counts["sent"] == 4
    assert recorded(database) == {message.id: ("sent", 1, None) for message in messages}
    assert database.rows("SELECT count(*) FROM notifications WHERE sent_at >= created_at") == [(4,)]
    assert len(aws.emulator.emails("worker@example.com")) == len(aws.emulator.texts("+14155550999")) == 1
    assert len(receiver.to("/hook")) == len(receiver.to("/bot42:token/sendMessage")) == 1


def test_a_message_of_another_producer_is_delivered_and_recorded(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    message = hooks.message()
    source.send(json.dumps(json.loads(message.to_json()), indent=2))
    worker.handle(source.receive(1), seconds=SECONDS)
    assert hooks.deliveries(message) == 1
    [row] = database.rows(
        "SELECT id, channel, recipient, subject, body, status, attempts, idempotency_key FROM notifications"
    )
    assert row == (message.id, "webhook", message.recipient, None, message.body, "sent", 1, None)


def test_a_message_that_comes_again_is_not_delivered_again(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    message = hooks.message()
    for _ in range(2):
        source.send(message.to_json())
    records = source.receive(2)
    assert worker.handle(records[:1], seconds=SECONDS).counts["sent"] == 1
    report = worker.handle(records[1:], seconds=SECONDS)
    assert (report.returned, report.counts["skipped"]) == ({}, 1)
    assert hooks.deliveries(message) == 1
    assert recorded(database) == {message.id: ("sent", 1, None)}


def test_copies_within_a_batch_are_delivered_once(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    message, refused, broken = hooks.message(), hooks.message(REFUSED), hooks.message(BROKEN)
    for each in (message, refused, broken):
        source.send(each.to_json(), each.to_json())
    records = source.receive(6)
    report = worker.handle(records, seconds=SECONDS)
    assert [hooks.deliveries(each) for each in (message, refused, broken)] == [1, 1, 1]
    assert [records[position]["body"] for position in returned(report, records)] == [broken.to_json()] * 2
    assert {recorded(database)[each.id][1] for each in (message, refused, broken)} == {1}
    assert len(source.aws.emulator.messages(source.dead_letter_url)) == 1


@pytest.mark.parametrize(
    "body",
    [
        "no JSON",
        "{}",
        "[]",
        '{"id": "7"}',
        json.dumps({"id": str(uuid4()), "channel": "fax", "recipient": "1", "body": "hunter2"}),
        json.dumps({"id": str(uuid4()), "channel": "sms", "recipient": "hunter2", "body": "hunter2"}),
        json.dumps({"id": str(uuid4()), "channel": "sms", "recipient": "+14155550123", "body": "hunter2", "x": 1}),
        json.dumps({"id": str(uuid4()), "channel": "sms", "recipient": "+14155550123", "body": "\0hunter2"}),
        json.dumps({"\x07": 1}),
        json.dumps({"x" * 3000: 1}),
        "[" * 5000,
        "x" * 300_000,
    ],
)
def test_a_malformed_message_is_parked_with_its_reason_and_blocks_nobody(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase, body: str
) -> None:
    good = hooks.message()
    source.send(good.to_json(), body, good.to_json())
    report = worker.handle(source.receive(3), seconds=SECONDS)
    assert report.returned == {}
    assert report.counts["malformed"] == 1
    assert list(source.parked) == [body]
    reason = source.parked[body]
    assert reason.startswith("malformed: ")
    assert "hunter2" not in reason
    assert len(reason) <= 500
    assert reason == portable(reason)
    assert recorded(database) == {good.id: ("sent", 1, None)}


def test_where_a_parked_message_came_from(worker: Worker, source: Source) -> None:
    source.send("no JSON")
    [record] = source.receive(1)
    worker.handle([record], seconds=SECONDS)
    [parked] = source.aws.emulator.messages(source.dead_letter_url)
    values = {name: attribute["StringValue"] for name, attribute in parked["MessageAttributes"].items()}
    assert values.keys() == {"Reason", "SourceMessageId", "ReceiveCount"}
    assert (values["SourceMessageId"], values["ReceiveCount"]) == (record["messageId"], "1")


def test_a_malformed_message_that_cannot_be_parked_goes_back_alone(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    good = hooks.message()
    source.send("no JSON", good.to_json())
    records = source.receive(2)
    source.aws.sqs.delete_queue(QueueUrl=source.dead_letter_url)
    report = worker.handle(records, seconds=SECONDS)
    assert [records[position]["body"] for position in returned(report, records)] == ["no JSON"]
    assert report.counts["malformed"] == 0
    assert recorded(database)[good.id][0] == "sent"


def test_malformed_messages_are_parked_while_the_database_is_away(
    worker: Worker, source: Source, hooks: Hooks, postgres: PostgresServer
) -> None:
    good = hooks.message()
    source.send("no JSON", good.to_json())
    records = source.receive(2)
    postgres.stop()
    try:
        report = worker.handle(records, seconds=2)
    finally:
        postgres.start()
    assert list(source.parked) == ["no JSON"]
    assert [records[position]["body"] for position in returned(report, records)] == [good.to_json()]


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
        report = worker.handle([received_again(record, receive)], seconds=SECONDS)
        assert list(report.returned) == [record["messageId"]]
        assert report.counts["retried"] == 1
        assert least <= source.hidden_for(record) <= most
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
    assert report.counts == {"malformed": 1, "skipped": 0, "sent": 5, "failed": 1, "retried": 2}


def test_a_batch_is_delivered_at_the_same_time(worker: Worker, source: Source, hooks: Hooks) -> None:
    together = threading.Barrier(10, timeout=10)
    messages = [hooks.message(Answer(before=together.wait)) for _ in range(10)]
    source.send(*[message.to_json() for message in messages])
    assert worker.handle(source.receive(10), seconds=SECONDS).counts["sent"] == 10


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


def test_a_database_that_goes_away_during_the_deliveries(
    worker: Worker, source: Source, hooks: Hooks, postgres: PostgresServer
) -> None:
    message, refused = hooks.message(Answer(after_seconds=0.7)), hooks.message(REFUSED)
    source.send(message.to_json(), refused.to_json())
    records = source.receive(2)
    stopping = threading.Timer(0.3, postgres.stop)
    stopping.start()
    try:
        report = worker.handle(records, seconds=6)
    finally:
        stopping.join()
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


def test_a_delivery_that_takes_too_long_does_not_hold_the_batch(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    slow, quick = hooks.message(Answer(after_seconds=4)), hooks.message()
    source.send(slow.to_json(), quick.to_json())
    records = source.receive(2)
    report = worker.handle(records, seconds=2)
    assert [records[position]["body"] for position in returned(report, records)] == [slow.to_json()]
    assert recorded(database)[quick.id] == ("sent", 1, None)
    status, _, error = recorded(database)[slow.id]
    assert (status, error) == ("queued", "the delivery did not end in time")


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
        connection=connection, channels=channels, queue=ConsumedQueue(settings.dlq_url), max_receive_count=MAX_RECEIVES
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


@pytest.mark.parametrize("missing", [{"messageId": ""}, {"messageId": None}, {}])
def test_a_record_without_id_is_no_batch(worker: Worker, missing: dict[str, Any]) -> None:
    record = {"messageId": "1", "receiptHandle": "1", "body": "{}", "attributes": {}, "eventSourceARN": "a"}
    del record["messageId"]
    with pytest.raises(ValueError, match="no messageId"):
        worker.handle([{**record, **missing}], seconds=SECONDS)


def test_a_record_without_body_is_malformed(worker: Worker, source: Source) -> None:
    record = {"messageId": "1", "receiptHandle": "", "body": None, "eventSourceARN": "a:b"}
    assert worker.handle([record], seconds=SECONDS).returned == {}
    assert list(source.parked) == ["(empty)"]


def test_an_empty_batch(worker: Worker) -> None:
    assert worker.handle([], seconds=SECONDS).returned == {}


def test_logs_tell_ids_and_reasons_but_no_content(
    worker: Worker, source: Source, hooks: Hooks, caplog: pytest.LogCaptureFixture
) -> None:
    broken, refused = hooks.message(BROKEN), hooks.message(REFUSED)
    source.send(broken.to_json(), refused.to_json(), '{"body": "hunter2"}')
    records = source.receive(3)
    with caplog.at_level(logging.DEBUG, logger="services"):
        worker.handle(records, seconds=SECONDS)
    ours = [record.__dict__ for record in caplog.records if record.name.startswith("services")]
    logged = json.dumps(ours, default=str)
    for record in records:
        assert record["messageId"] in logged
    assert str(broken.id) in logged
    assert "503" in logged
    assert "hunter2" not in logged


class TestFifo:
    """Messages of one group keep their order, also when one of them fails."""

    @pytest.fixture
    def source(self, aws: Aws) -> Source:
        return Source.create(aws, fifo=True)

    def test_a_failure_returns_the_rest_of_its_group_alone(
        self, worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
    ) -> None:
        first, second, third = hooks.message(OK), hooks.message(BROKEN), hooks.message(OK)
        other = hooks.message(OK)
        source.send(*[message.to_json() for message in (first, second, third)], group="a")
        source.send(other.to_json(), group="b")
        records = source.receive(4)
        report = worker.handle(records, seconds=SECONDS)
        back = {records[position]["body"] for position in returned(report, records)}
        assert back == {second.to_json(), third.to_json()}
        assert [hooks.deliveries(each) for each in (first, second, third, other)] == [1, 1, 0, 1]
        assert third.id not in recorded(database)

    def test_a_refused_message_does_not_hold_its_group(self, worker: Worker, source: Source, hooks: Hooks) -> None:
        refused, after = hooks.message(REFUSED), hooks.message(OK)
        source.send("no JSON", refused.to_json(), after.to_json(), group="a")
        report = worker.handle(source.receive(3), seconds=SECONDS)
        assert report.returned == {}
        assert hooks.deliveries(after) == 1
        assert list(source.parked) == ["no JSON", refused.to_json()]

    def test_a_malformed_message_that_cannot_be_parked_holds_its_group(
        self, worker: Worker, source: Source, hooks: Hooks
    ) -> None:
        before, after, other = hooks.message(), hooks.message(), hooks.message()
        source.send(before.to_json(), "no JSON", after.to_json(), group="a")
        source.send(other.to_json(), group="b")
        records = source.receive(4)
        source.aws.sqs.delete_queue(QueueUrl=source.dead_letter_url)
        report = worker.handle(records, seconds=SECONDS)
        assert {records[position]["body"] for position in returned(report, records)} == {"no JSON", after.to_json()}
        assert [hooks.deliveries(each) for each in (before, after, other)] == [1, 0, 1]

    def test_order_within_a_group(self, worker: Worker, source: Source, hooks: Hooks) -> None:
        messages = [hooks.message(Answer(after_seconds=0.05 * (3 - number))) for number in range(4)]
        source.send(*[message.to_json() for message in messages], group="a")
        worker.handle(source.receive(4), seconds=SECONDS)
        assert [request.path for request in hooks.receiver.requests] == [f"/{message.id}" for message in messages]
