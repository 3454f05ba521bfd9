"""Messages that are delivered, each once."""

import json
import logging
import threading
from uuid import uuid4

import pytest

from services.messages import Channel, Message
from services.worker import Worker
from tests.services.worker.batch_helpers import (
    BROKEN,
    REFUSED,
    SECONDS,
    Hooks,
    insert,
    recorded,
    returned,
)
from tests.support.batches import Source
from tests.support.emulator import Aws
from tests.support.postgres import TestDatabase
from tests.support.receiver import Answer, Receiver


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


def test_a_batch_is_delivered_at_the_same_time(worker: Worker, source: Source, hooks: Hooks) -> None:
    together = threading.Barrier(10, timeout=60)
    messages = [hooks.message(Answer(before=together.wait)) for _ in range(10)]
    source.send(*[message.to_json() for message in messages])
    assert worker.handle(source.receive(10), seconds=SECONDS).counts["sent"] == 10


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
