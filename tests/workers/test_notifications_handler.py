"""The queue's function as Lambda calls it."""

import json
import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from services.messages import Channel, Message
from services.settings import SettingsError
from tests.support.batches import Source
from tests.support.emulator import Aws
from tests.support.lambda_context import Context
from tests.support.postgres import TestDatabase
from tests.support.receiver import Answer, Receiver
from tests.workers.conftest import use_database
from workers.notifications import handler as function


@pytest.fixture
def source(aws: Aws) -> Source:
    return Source.create(aws)


@pytest.fixture(autouse=True)
def fresh_environment(
    environment: pytest.MonkeyPatch, database: TestDatabase, aws: Aws, source: Source, receiver: Receiver
) -> Iterator[None]:
    """An execution environment of the function that has not been called yet."""
    credentials = {"username": "worker_1", "password": database.server.password}
    use_database(environment, database, aws.secret(credentials))
    environment.setenv("DLQ_URL", source.dead_letter_url)
    environment.setenv("OTHER_PRODUCERS", "true")
    environment.setenv("MAX_RECEIVE_COUNT", "5")
    environment.setenv("EMAIL_SENDER", "no-reply@example.com")
    environment.setenv("TELEGRAM_SECRET_ARN", aws.secret("42:token"))
    environment.setenv("TELEGRAM_BASE_URL", receiver.url)
    environment.setenv("WEBHOOK_HOSTS_ALLOWED_INSIDE", "localhost")
    function._runtime.cache_clear()
    yield
    function._runtime.cache_clear()


def call(records: list[dict[str, Any]]) -> dict[str, Any]:
    return function.handler({"Records": records}, Context())


def lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def hook(receiver: Receiver, status: int) -> Message:
    notification_id = uuid4()
    receiver.answers[f"/{notification_id}"] = Answer(status)
    return Message(
        id=notification_id, channel=Channel.WEBHOOK, recipient=f"{receiver.url}/{notification_id}", body="hunter2"
    )


def test_only_what_is_to_come_again_is_answered(source: Source, receiver: Receiver, database: TestDatabase) -> None:
    good, broken, refused = hook(receiver, 200), hook(receiver, 503), hook(receiver, 404)
    source.send(good.to_json(), broken.to_json(), refused.to_json(), "no JSON")
    records = source.receive(4)
    [back] = [record["messageId"] for record in records if record["body"] == broken.to_json()]
    assert call(records) == {"batchItemFailures": [{"itemIdentifier": back}]}
    assert dict(database.rows("SELECT id, status FROM notifications")) == {
        good.id: "sent",
        broken.id: "queued",
        refused.id: "failed",
    }


def test_a_batch_that_fails_as_a_whole_is_answered_like_any_other(source: Source, receiver: Receiver) -> None:
    source.send(hook(receiver, 503).to_json(), hook(receiver, 503).to_json())
    records = source.receive(2)
    answer = call(records)["batchItemFailures"]
    assert {item["itemIdentifier"] for item in answer} == {record["messageId"] for record in records}


def test_a_record_without_id_fails_the_whole_batch(source: Source) -> None:
    source.send("no JSON")
    [record] = source.receive(1)
    with pytest.raises(ValueError, match="no messageId"):
        call([{**record, "messageId": ""}])


def test_invocations_share_one_connection(source: Source, receiver: Receiver, database: TestDatabase) -> None:
    for _ in range(2):
        source.send(hook(receiver, 200).to_json())
        call(source.receive(1))
    sessions = database.rows("SELECT application_name FROM pg_stat_activity WHERE application_name <> ''")
    assert sessions == [(os.environ["POWERTOOLS_SERVICE_NAME"],)]


def test_logs_and_metrics_are_json_lines_without_content(
    source: Source, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = hook(receiver, 503)
    source.send(hook(receiver, 200).to_json(), broken.to_json(), '{"body": "hunter2"}')
    records = source.receive(3)
    call(records)
    output = capsys.readouterr().out
    assert "hunter2" not in output
    [metrics] = [line for line in lines(output) if "_aws" in line]
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "test"
    assert metrics["service"] == os.environ["POWERTOOLS_SERVICE_NAME"]
    counted = {name: value for name, value in metrics.items() if isinstance(value, list)}
    assert counted == {
        "NotificationsSent": [1.0],
        "NotificationsSkipped": [0.0],
        "NotificationsFailed": [0.0],
        "NotificationsRetried": [1.0],
        "MessagesMalformed": [1.0],
    }
    [warning] = [line for line in lines(output) if line.get("notification_id") == str(broken.id)]
    assert (warning["level"], warning["service"]) == ("WARNING", os.environ["POWERTOOLS_SERVICE_NAME"])
    assert warning["function_request_id"] == Context().aws_request_id
    assert warning["message_id"] in {record["messageId"] for record in records}
    assert "503" in warning["reason"]


def test_metrics_of_one_batch_are_not_counted_again(
    source: Source, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        source.send(hook(receiver, 200).to_json())
        call(source.receive(1))
    sent = [line["NotificationsSent"] for line in lines(capsys.readouterr().out) if "_aws" in line]
    assert sent == [[1.0], [1.0]]


def test_a_misconfigured_function_names_what_it_lacks(environment: pytest.MonkeyPatch, source: Source) -> None:
    environment.delenv("EMAIL_SENDER")
    source.send("no JSON")
    with pytest.raises(SettingsError, match="EMAIL_SENDER is missing"):
        call(source.receive(1))
