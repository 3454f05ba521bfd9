"""What is not a notification: parked, and in nobody's way."""

import json
from typing import Any
from uuid import uuid4

import pytest

from services.text import portable
from services.worker import Worker
from tests.services.worker.batch_helpers import (
    SECONDS,
    Hooks,
    recorded,
    returned,
)
from tests.support.batches import Source
from tests.support.postgres import PostgresServer, TestDatabase


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
