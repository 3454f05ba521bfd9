"""The sweeper's function as the schedule calls it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from services.database import DatabaseUnavailableError
from services.intake import Intake
from services.messages import Channel, Content, Message
from services.outbox import PublishingError
from tests.support.emulator import Aws
from tests.support.lambda_context import Context
from tests.support.postgres import TestDatabase, free_port
from tests.workers.conftest import use_database
from workers.sweeper import handler as function

EVENT: dict[str, Any] = {}


@pytest.fixture
def queue_url(aws: Aws) -> str:
    return aws.queue()


@pytest.fixture(autouse=True)
def fresh_environment(
    environment: pytest.MonkeyPatch, database: TestDatabase, aws: Aws, queue_url: str
) -> Iterator[None]:
    """An execution environment of the function that has not been called yet."""
    credentials = {"username": "sweeper_1", "password": database.server.password}
    use_database(environment, database, aws.secret(credentials))
    environment.setenv("QUEUE_URL", queue_url)
    function._runtime.cache_clear()
    yield
    function._runtime.cache_clear()


def accept(database: TestDatabase, count: int) -> list[Message]:
    """What the API has accepted, and not come to queue."""
    intake = Intake(database.connect)
    found = []
    for number in range(count):
        content = Content(channel=Channel.SMS, recipient="+14155550123", body=f"hunter2 {number}")
        found.append(Message(id=intake.accept(content, None).id, **content.model_dump()))
    return found


def queued(aws: Aws, queue_url: str) -> list[Message]:
    return [Message.from_json(message["Body"]) for message in aws.emulator.messages(queue_url)]


def test_what_stayed_behind_is_queued_and_gone(aws: Aws, queue_url: str, database: TestDatabase) -> None:
    accepted = accept(database, 25)
    answer = function.handler(EVENT, Context())
    assert (answer["found"], answer["left"]) == (25, 0)
    assert queued(aws, queue_url) == accepted
    assert function.handler(EVENT, Context())["found"] == 0
    assert len(queued(aws, queue_url)) == 25


def test_what_waits_and_for_how_long_is_measured(database: TestDatabase, capsys: pytest.CaptureFixture[str]) -> None:
    accept(database, 3)
    with database.connect() as connection:
        connection.execute(
            "UPDATE outbox SET created_at = now() - interval '90 s' WHERE position = 1 + "
            "(SELECT min(position) FROM outbox)"
        )
    function.handler(EVENT, Context())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (measured,) = [line for line in lines if "_aws" in line]
    assert measured["OutboxMessages"] == [3.0]
    assert 90 <= measured["OutboxAge"][0] < 120
    assert "hunter2" not in json.dumps(lines)


def test_a_queue_that_is_away_is_an_error_and_keeps_everything(
    environment: pytest.MonkeyPatch, database: TestDatabase, aws: Aws, queue_url: str
) -> None:
    accept(database, 2)
    aws.sqs.delete_queue(QueueUrl=queue_url)
    with pytest.raises(PublishingError, match="the queue does not take messages"):
        function.handler(EVENT, Context())
    assert database.rows("SELECT count(*) FROM outbox") == [(2,)]
    environment.setenv("QUEUE_URL", aws.queue())
    function._runtime.cache_clear()
    assert function.handler(EVENT, Context())["left"] == 0


def test_a_database_that_is_away_is_an_error(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_PORT", str(free_port()))
    with pytest.raises(DatabaseUnavailableError):
        function.handler(EVENT, Context())


def test_no_batch_is_begun_shortly_before_the_end(aws: Aws, queue_url: str, database: TestDatabase) -> None:
    accept(database, 1)
    assert function.handler(EVENT, Context(5))["left"] == 1
    assert queued(aws, queue_url) == []


def test_what_comes_no_more_fails_and_is_counted(
    database: TestDatabase, aws: Aws, queue_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    accept(database, 3)
    with database.connect() as connection:
        # Of all three the last touch was a day ago; the outbox still has one of them.
        connection.execute("UPDATE notifications SET created_at = now() - interval '1 day'")
        connection.execute("UPDATE notifications SET updated_at = created_at")
        connection.execute("DELETE FROM outbox WHERE position > (SELECT min(position) FROM outbox)")
    assert function.handler(EVENT, Context())["overdue"] == 2
    assert sorted(database.rows("SELECT status FROM notifications")) == [("failed",), ("failed",), ("queued",)]
    assert len(queued(aws, queue_url)) == 1
    assert function.handler(EVENT, Context())["overdue"] == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["NotificationsOverdue"] for line in lines if "_aws" in line] == [[2.0], [0.0]]
