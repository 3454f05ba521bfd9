"""Messages that nobody took in: what is delivered is what the database holds, and nothing else."""

import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from services.messages import Message
from services.settings import WorkerSettings
from services.worker import Worker
from tests.services.worker.batch_helpers import SECONDS, Hooks, build, insert, recorded
from tests.support.batches import Source
from tests.support.postgres import TestDatabase

UNKNOWN = "unknown: the database holds no notification with this id"


@pytest.fixture
def worker(settings: WorkerSettings) -> Iterator[Worker]:
    """One that takes notifications of the API alone."""
    worker, connection = build(settings.model_copy(update={"other_producers": False}))
    yield worker
    connection.close()


def changed(message: Message, **fields: Any) -> str:
    return json.dumps(message.model_dump(mode="json", exclude_none=True) | fields)


def test_a_message_of_no_notification_is_parked_and_stored_nowhere(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    taken_in, forged = hooks.message(), hooks.message()
    insert(database, taken_in)
    source.send(forged.to_json(), taken_in.to_json(), forged.to_json())
    report = worker.handle(source.receive(3), seconds=SECONDS)
    assert report.returned == {}
    assert (report.counts["malformed"], report.counts["sent"]) == (2, 1)
    assert (hooks.deliveries(forged), hooks.deliveries(taken_in)) == (0, 1)
    assert list(source.parked) == [forged.to_json()]
    assert source.parked[forged.to_json()].startswith(UNKNOWN)
    assert recorded(database) == {taken_in.id: ("sent", 1, None)}


def test_a_message_with_another_s_id_delivers_what_was_taken_in_under_it(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    taken_in, elsewhere = hooks.message(), hooks.message()
    insert(database, taken_in)
    source.send(changed(taken_in, recipient=elsewhere.recipient, body="forged", subject="forged"))
    with caplog.at_level(logging.WARNING):
        report = worker.handle(source.receive(1), seconds=SECONDS)
    assert report.counts["sent"] == 1
    assert hooks.receiver.to(f"/{elsewhere.id}") == []
    (delivered,) = hooks.receiver.to(f"/{taken_in.id}")
    assert delivered.json == {"id": str(taken_in.id), "body": taken_in.body}
    assert "a message is not what is stored" in caplog.text
    assert "forged" not in str([record.__dict__ for record in caplog.records])
    assert database.rows("SELECT recipient, subject, body, status FROM notifications") == [
        (taken_in.recipient, None, taken_in.body, "sent")
    ]


@pytest.mark.parametrize("fields", [{"channel": "sms", "recipient": "+14155550123"}, {"body": "x"}])
def test_what_was_sent_is_not_sent_again_by_a_forged_message(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase, fields: dict[str, str]
) -> None:
    taken_in = hooks.message()
    insert(database, taken_in)
    source.send(taken_in.to_json(), changed(taken_in, **fields))
    for record in source.receive(2):
        worker.handle([record], seconds=SECONDS)
    assert hooks.deliveries(taken_in) == 1
    assert recorded(database) == {taken_in.id: ("sent", 1, None)}


@pytest.mark.parametrize(
    "fields",
    [
        {"version": 2},
        {"id": "1"},
        {"id": "' OR ''='"},
        {"body": ["hunter2"]},
        {"body": {"text": "hunter2"}},
        {"body": None},
        {"status": "sent"},
        {"attempts": 0},
        {"recipient": "https://169.254.169.254/latest/meta-data/"},
        {"body": "\ud800"},
        {"body": "hunter2" * 100_000},
    ],
    ids=lambda fields: str(fields)[:40],
)
def test_a_message_of_another_shape_is_parked(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase, fields: dict[str, Any]
) -> None:
    taken_in = hooks.message()
    insert(database, taken_in)
    forged = changed(taken_in, **fields)
    source.send(forged)
    report = worker.handle(source.receive(1), seconds=SECONDS)
    assert (report.returned, report.counts["malformed"]) == ({}, 1)
    assert source.parked[forged].startswith("malformed: ")
    assert "hunter2" not in source.parked[forged]
    assert hooks.deliveries(taken_in) == 0
    assert recorded(database) == {taken_in.id: ("queued", 0, None)}


def test_one_that_cannot_be_parked_goes_back(worker: Worker, source: Source, hooks: Hooks) -> None:
    source.send(hooks.message().to_json())
    (record,) = source.receive(1)
    source.aws.sqs.delete_queue(QueueUrl=source.dead_letter_url)
    assert list(worker.handle([record], seconds=SECONDS).returned) == [record["messageId"]]


def test_other_producers_may_queue_where_that_is_allowed(
    settings: WorkerSettings, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    assert settings.other_producers
    assert WorkerSettings.model_fields["other_producers"].default is False
    allowed, connection = build(settings)
    message = hooks.message()
    source.send(message.to_json(), json.dumps({"id": str(uuid4())}))
    assert allowed.handle(source.receive(2), seconds=SECONDS).counts["sent"] == 1
    connection.close()
    assert recorded(database) == {message.id: ("sent", 1, None)}
