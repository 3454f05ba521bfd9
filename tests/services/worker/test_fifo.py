"""Messages of one group keep their order, also when one of them fails."""

from uuid import uuid4

import pytest

from services import store
from services.store import Due
from services.worker import Worker
from tests.services.worker.batch_helpers import (
    BROKEN,
    MAX_RECEIVES,
    OK,
    REFUSED,
    SECONDS,
    Hooks,
    received_again,
    recorded,
    returned,
)
from tests.support.batches import Source
from tests.support.emulator import Aws
from tests.support.postgres import TestDatabase
from tests.support.receiver import Answer


@pytest.fixture
def source(aws: Aws) -> Source:
    return Source.create(aws, fifo=True)


def test_a_failure_returns_the_rest_of_its_group_alone(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
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
    assert recorded(database)[third.id] == (
        "queued",
        0,
        "not begun: it waits for an earlier message of its group, or there was no time left",
    )


def test_a_refused_message_does_not_hold_its_group(worker: Worker, source: Source, hooks: Hooks) -> None:
    refused, after = hooks.message(REFUSED), hooks.message(OK)
    source.send("no JSON", refused.to_json(), after.to_json(), group="a")
    report = worker.handle(source.receive(3), seconds=SECONDS)
    assert report.returned == {}
    assert hooks.deliveries(after) == 1
    assert list(source.parked) == ["no JSON", refused.to_json()]


def test_a_malformed_message_that_cannot_be_parked_holds_its_group(
    worker: Worker, source: Source, hooks: Hooks
) -> None:
    before, after, other = hooks.message(), hooks.message(), hooks.message()
    source.send(before.to_json(), "no JSON", after.to_json(), group="a")
    source.send(other.to_json(), group="b")
    records = source.receive(4)
    source.aws.sqs.delete_queue(QueueUrl=source.dead_letter_url)
    report = worker.handle(records, seconds=SECONDS)
    assert {records[position]["body"] for position in returned(report, records)} == {"no JSON", after.to_json()}
    assert [hooks.deliveries(each) for each in (before, after, other)] == [1, 0, 1]


def test_order_within_a_group(worker: Worker, source: Source, hooks: Hooks) -> None:
    messages = [hooks.message(Answer(after_seconds=0.05 * (3 - number))) for number in range(4)]
    source.send(*[message.to_json() for message in messages], group="a")
    worker.handle(source.receive(4), seconds=SECONDS)
    assert [request.path for request in hooks.receiver.requests] == [f"/{message.id}" for message in messages]


def test_what_waits_for_its_group_at_its_last_receive_ends_as_failed(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    """SQS moves it to the dead-letter queue untried."""
    first, second = hooks.message(BROKEN), hooks.message(OK)
    source.send(first.to_json(), second.to_json(), group="a")
    worker.handle([received_again(record, MAX_RECEIVES) for record in source.receive(2)], seconds=SECONDS)
    assert hooks.deliveries(second) == 0
    assert recorded(database)[second.id] == (
        "failed",
        0,
        "not begun: it waits for an earlier message of its group, or there was no time left",
    )


def test_a_message_in_the_hands_of_another_holds_its_group(
    worker: Worker, source: Source, hooks: Hooks, database: TestDatabase
) -> None:
    held, after = hooks.message(OK), hooks.message(OK)
    with database.connect() as connection:
        store.claim(connection, [Due(message=held, last=False)], by=uuid4(), seconds=60)
    source.send(held.to_json(), after.to_json(), group="a")
    records = source.receive(2)
    report = worker.handle(records, seconds=SECONDS)
    assert returned(report, records) == [0, 1]
    assert hooks.deliveries(held) == hooks.deliveries(after) == 0
