"""The replaying function as an operator calls it."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from psycopg import Connection, OperationalError
from psycopg.errors import QueryCanceled

from local.replay import LINES
from services import outbox, store
from services.database import Database, DatabaseUnavailableError
from services.dead_letters import DeadLetter, DeadLetterQueue, DeadLettersUnavailableError
from services.intake import QUEUED
from services.messages import Channel, Message
from services.store import Due, Outcome, Status
from tests.support.emulator import Aws
from tests.support.lambda_context import Context
from tests.support.postgres import TestDatabase, free_port
from tests.workers.conftest import use_database
from workers.replay import handler as function

NOTHING = {
    "from_dlq": 0,
    "settled": 0,
    "busy": 0,
    "malformed": 0,
    "failed": 0,
    "more": False,
    "overdue": 0,
    "left_in_outbox": 0,
}


@pytest.fixture(params=["standard", "FIFO"])
def urls(request: pytest.FixtureRequest, aws: Aws) -> dict[str, str]:
    """A queue and its dead-letter queue."""
    attributes = {"FifoQueue": "true"} if request.param == "FIFO" else {}
    return {"QUEUE_URL": aws.queue(**attributes), "DLQ_URL": aws.queue(**attributes)}


@pytest.fixture(autouse=True)
def fresh_environment(
    environment: pytest.MonkeyPatch, database: TestDatabase, aws: Aws, urls: dict[str, str]
) -> Iterator[None]:
    """An execution environment of the function that has not been called yet."""
    credentials = {"username": "operations_1", "password": database.server.password}
    use_database(environment, database, aws.secret(credentials))
    for name, url in urls.items():
        environment.setenv(name, url)
    environment.setenv("OTHER_PRODUCERS", "true")
    function._runtime.cache_clear()
    yield
    function._runtime.cache_clear()


def message(channel: Channel = Channel.SMS) -> Message:
    recipient = "+14155550123" if channel is Channel.SMS else "ada@example.com"
    return Message(id=uuid4(), channel=channel, recipient=recipient, body="hunter2")


def failed(database: TestDatabase, *messages: Message) -> None:
    with database.connect() as connection:
        for each in messages:
            store.record(connection, [Outcome(message=each, status=Status.FAILED, attempts=1, last_error="why")])


def park(aws: Aws, urls: dict[str, str], *bodies: str) -> None:
    for body in bodies:
        fifo = {"MessageGroupId": "one", "MessageDeduplicationId": uuid4().hex} if ".fifo" in urls["DLQ_URL"] else {}
        aws.sqs.send_message(QueueUrl=urls["DLQ_URL"], MessageBody=body, **fifo)  # type: ignore[arg-type]  # one of two


def queued(aws: Aws, urls: dict[str, str]) -> list[Message]:
    return [Message.from_json(each["Body"]) for each in aws.emulator.messages(urls["QUEUE_URL"])]


def dead(aws: Aws, urls: dict[str, str]) -> list[str]:
    return [each["Body"] for each in aws.emulator.messages(urls["DLQ_URL"])]


def call(event: object = None, seconds: float = 60) -> dict[str, Any]:
    return function.handler({} if event is None else event, Context(seconds))  # type: ignore[arg-type]  # wrong ones too


def test_all_that_failed_is_on_the_queue_once_and_stays_there_when_called_again(
    aws: Aws, urls: dict[str, str], database: TestDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    parked, forgotten, lost, sent = (message() for _ in range(4))
    failed(database, parked, forgotten)
    with database.connect() as connection:
        store.record(connection, [Outcome(message=sent, status=Status.SENT, attempts=1)])
    park(aws, urls, "malformed", parked.to_json(), lost.to_json(), sent.to_json())
    answer = call()
    assert answer == {**NOTHING, "from_dlq": 2, "settled": 1, "malformed": 1, "failed": 1}
    by_id = {each.id: each for each in (parked, forgotten, lost)}
    assert {each.id: each for each in queued(aws, urls)} == by_id
    assert dead(aws, urls) == ["malformed"]
    assert call() == {**NOTHING, "malformed": 1}
    assert len(queued(aws, urls)) == 3
    json.dumps(answer)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["from_dlq"] for line in lines if line["message"] == "replayed"] == [2, 0]
    assert "hunter2" not in json.dumps(lines)


def test_the_limit_is_of_both_together(aws: Aws, urls: dict[str, str], database: TestDatabase) -> None:
    failed(database, *(message() for _ in range(3)))
    park(aws, urls, *(message().to_json() for _ in range(3)))
    assert call({"limit": 2}) == {**NOTHING, "from_dlq": 2, "more": True}
    assert call({"limit": 3}) == {**NOTHING, "from_dlq": 1, "failed": 2, "more": True}
    assert call({"limit": 3}) == {**NOTHING, "failed": 1}
    assert len(queued(aws, urls)) == 6


@pytest.mark.parametrize(
    ("event", "answer"),
    [
        ({"dlq": False}, {"failed": 2}),
        ({"failed": False}, {"from_dlq": 1}),
        ({"dlq": False, "failed": False}, {}),
        ({"channel": "email"}, {"failed": 1}),
        ({"channel": "sms"}, {"from_dlq": 1, "failed": 1}),
    ],
)
def test_only_what_is_asked_for_is_sent_again(
    aws: Aws, urls: dict[str, str], database: TestDatabase, event: dict[str, Any], answer: dict[str, int]
) -> None:
    failed(database, message(), message(Channel.EMAIL))
    park(aws, urls, message().to_json())
    assert call(event) == {**NOTHING, **answer}


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"limit": 0}, "limit is 0: Input should be greater than or equal to 1"),
        ({"limit": 1001}, "limit is 1001: Input should be less than or equal to 1000"),
        ({"limit": "many"}, "limit is 'many'"),
        ({"limit": True}, "limit is True"),
        ({"channel": "fax"}, "channel is 'fax'"),
        ({"dlq": "no"}, "dlq is 'no'"),
        ({"Records": []}, "Records is []: Extra inputs are not permitted"),
        ([], "the event is []"),
    ],
)
def test_a_wrong_event_is_answered_with_what_is_allowed_and_changes_nothing(
    aws: Aws, urls: dict[str, str], database: TestDatabase, event: object, told: str
) -> None:
    failed(database, message())
    park(aws, urls, message().to_json())
    error = call(event)["error"]
    assert error.startswith("nothing was done: ")
    assert told in error
    assert "Allowed are limit (1 to 1000), channel (email, sms, webhook, telegram), failed and dlq" in error
    assert database.rows("SELECT status FROM notifications") == [("failed",)]
    assert (len(dead(aws, urls)), queued(aws, urls)) == (1, [])


def test_the_command_has_a_line_for_each_figure() -> None:
    assert call().keys() - {"more"} == LINES.keys()


def test_an_event_is_not_needed(database: TestDatabase) -> None:
    failed(database, message())
    assert function.handler(None, Context(60))["failed"] == 1


def test_while_the_queue_is_away_all_waits_in_the_outbox_and_is_sent_by_the_next_call(
    environment: pytest.MonkeyPatch, aws: Aws, urls: dict[str, str], database: TestDatabase
) -> None:
    failed(database, message())
    park(aws, urls, message().to_json())
    aws.sqs.delete_queue(QueueUrl=urls["QUEUE_URL"])
    assert call() == {**NOTHING, "from_dlq": 1, "failed": 1, "left_in_outbox": 2}
    assert dead(aws, urls) == []
    again = {**urls, "QUEUE_URL": aws.queue(**({"FifoQueue": "true"} if ".fifo" in urls["QUEUE_URL"] else {}))}
    environment.setenv("QUEUE_URL", again["QUEUE_URL"])
    function._runtime.cache_clear()
    assert call() == NOTHING
    assert len(queued(aws, again)) == 2


def test_shortly_before_its_end_it_reads_no_dead_letters(
    aws: Aws, urls: dict[str, str], database: TestDatabase
) -> None:
    failed(database, message())
    park(aws, urls, message().to_json())
    assert call(seconds=25) == {**NOTHING, "failed": 1}
    assert (len(dead(aws, urls)), len(queued(aws, urls))) == (1, 1)


def test_a_dead_letter_queue_that_is_away_is_an_error(aws: Aws, urls: dict[str, str]) -> None:
    aws.sqs.delete_queue(QueueUrl=urls["DLQ_URL"])
    with pytest.raises(DeadLettersUnavailableError, match="the dead-letter queue cannot be read"):
        call()


def test_a_database_that_is_away_is_an_error_and_keeps_the_dead_letters(
    environment: pytest.MonkeyPatch, aws: Aws, urls: dict[str, str]
) -> None:
    park(aws, urls, message().to_json())
    environment.setenv("DATABASE_PORT", str(free_port()))
    with pytest.raises(DatabaseUnavailableError):
        call(seconds=21)
    assert len(dead(aws, urls)) == 1


def test_a_database_that_resumes_is_waited_for(monkeypatch: pytest.MonkeyPatch, database: TestDatabase) -> None:
    failed(database, message())
    connect, refusals = Database.connect, [DatabaseUnavailableError("resuming")] * 2

    def resume(self: Database, opened: Any) -> Any:
        if refusals:
            raise refusals.pop()
        return connect(self, opened)

    monkeypatch.setattr(Database, "connect", resume)
    assert call() == {**NOTHING, "failed": 1}


@pytest.mark.parametrize("ends_the_connection", [False, True])
def test_what_was_queued_before_an_error_leaves_at_once(
    monkeypatch: pytest.MonkeyPatch, aws: Aws, urls: dict[str, str], *, ends_the_connection: bool
) -> None:
    lost = message()
    park(aws, urls, lost.to_json())

    def fail(connection: Connection[Any], *_: object, **__: object) -> None:
        if ends_the_connection:
            connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        raise QueryCanceled("took too long")

    monkeypatch.setattr(function, "replay_failed", fail)
    with pytest.raises(OperationalError, match="terminat" if ends_the_connection else "took too long"):
        call()
    assert [each.id for each in queued(aws, urls)] == [lost.id]


def test_of_letters_that_cannot_be_read_on_those_that_were_read_leave_at_once(
    monkeypatch: pytest.MonkeyPatch, aws: Aws, urls: dict[str, str]
) -> None:
    park(aws, urls, *(message().to_json() for _ in range(3)))
    receive, answers = DeadLetterQueue.receive, [2]

    def fail_at_second(self: DeadLetterQueue, most: int) -> list[DeadLetter]:
        if not answers:
            raise DeadLettersUnavailableError("away")
        return receive(self, min(most, answers.pop()))

    monkeypatch.setattr(DeadLetterQueue, "receive", fail_at_second)
    with pytest.raises(DeadLettersUnavailableError):
        call()
    assert (len(queued(aws, urls)), len(dead(aws, urls))) == (2, 1)


def test_what_a_worker_has_is_told(aws: Aws, urls: dict[str, str], database: TestDatabase) -> None:
    held = message()
    park(aws, urls, held.to_json())
    with database.connect() as connection:
        store.claim(connection, [Due(message=held, last=True)], by=uuid4(), seconds=60)
    assert call() == {**NOTHING, "busy": 1}
    assert dead(aws, urls) == [held.to_json()]


def test_what_comes_no_more_is_found_without_a_sweeper(aws: Aws, urls: dict[str, str], database: TestDatabase) -> None:
    lost, waiting, recent = message(), message(), message()
    with database.connect() as connection:
        for each in (lost, waiting, recent):
            store.insert(connection, each, None)
        connection.execute(
            "UPDATE notifications SET created_at = now() - interval '1 day', updated_at = now() - interval '1 day'"
            " WHERE id <> %s",
            (recent.id,),
        )
        with connection.transaction():
            outbox.add(connection, QUEUED, waiting.model_dump(mode="json", exclude_none=True))
    assert call() == {**NOTHING, "overdue": 1, "failed": 1}
    assert {each.id for each in queued(aws, urls)} == {lost.id, waiting.id}
    # What waited in the outbox for long has its time from now on.
    assert call() == NOTHING
