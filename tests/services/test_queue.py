"""Sending what is in the outbox to SQS."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from botocore.stub import Stubber

from services.events import Event
from services.messages import MAX_BODY_BYTES, Message
from services.queue import Queue
from tests.support.emulator import REGION, Aws
from tests.support.postgres import HOST, free_port

pytestmark = pytest.mark.usefixtures("aws")


def event(body: str = "World", recipient: str = "ada@example.com") -> Event:
    payload = {"id": str(uuid4()), "channel": "email", "recipient": recipient, "subject": "Hello", "body": body}
    return Event(id=uuid4(), topic="notification.queued", payload=payload)


def ids(events: Sequence[Event]) -> list[UUID]:
    return [each.id for each in events]


class Requests:
    """Records the requests of a queue's client."""

    def __init__(self, queue: Queue) -> None:
        self.entries: list[list[dict[str, Any]]] = []
        queue._client.meta.events.register("before-parameter-build.sqs.SendMessageBatch", self._record)

    def _record(self, params: dict[str, Any], **_: Any) -> None:
        self.entries.append(params["Entries"])

    @property
    def sizes(self) -> list[int]:
        return [len(entries) for entries in self.entries]


@pytest.fixture
def fifo_url(aws: Aws) -> str:
    return aws.queue(FifoQueue="true")


def test_messages_arrive_as_the_worker_reads_them(aws: Aws, queue_url: str) -> None:
    events = [event(f"Grüße 👋\n{number}") for number in range(3)]
    publication = Queue(queue_url, REGION).publish(events)
    assert (publication.accepted, publication.refused, publication.fault) == (frozenset(ids(events)), {}, None)
    found = [Message.from_json(each["Body"]) for each in aws.emulator.messages(queue_url)]
    assert found == [Message.model_validate(each.payload) for each in events]


def test_nothing_is_sent_of_nothing(aws: Aws, queue_url: str) -> None:
    assert not Queue(queue_url, REGION).publish([]).accepted
    assert aws.emulator.messages(queue_url) == []


def test_a_request_holds_ten_messages(aws: Aws, queue_url: str) -> None:
    queue = Queue(queue_url, REGION)
    requests = Requests(queue)
    assert len(queue.publish([event() for _ in range(23)]).accepted) == 23
    assert requests.sizes == [10, 10, 3]
    assert len(aws.emulator.messages(queue_url)) == 23


def test_a_request_holds_as_many_bytes_as_sqs_takes(aws: Aws, queue_url: str) -> None:
    """Every message by itself is below the limit; ten of the largest together are not."""
    queue = Queue(queue_url, REGION)
    requests = Requests(queue)
    largest = [event('"' * MAX_BODY_BYTES) for _ in range(5)]
    assert len(queue.publish(largest).accepted) == 5
    for entries in requests.entries:
        assert sum(len(entry["MessageBody"].encode()) for entry in entries) <= 1024 * 1024
    assert len(aws.emulator.messages(queue_url)) == 5


def test_a_queue_that_is_away_is_a_fault_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{HOST}:{free_port()}")
    publication = Queue(f"http://{HOST}/queue", REGION).publish([event()])
    assert (publication.accepted, publication.refused) == (frozenset(), {})
    assert "the queue does not take messages" in (publication.fault or "")


def test_what_was_accepted_before_a_fault_is_told(queue_url: str) -> None:
    queue = Queue(queue_url, REGION)
    events = [event() for _ in range(15)]
    with Stubber(queue._client) as sqs:
        sqs.add_response("send_message_batch", {"Successful": [_sent(number) for number in range(10)], "Failed": []})
        sqs.add_client_error("send_message_batch", "ServiceUnavailable")
        publication = queue.publish(events)
    assert publication.accepted == frozenset(ids(events[:10]))
    assert "ServiceUnavailable" in (publication.fault or "")


def test_an_entry_that_sqs_refuses_holds_up_no_other(queue_url: str) -> None:
    queue = Queue(queue_url, REGION)
    events = [event() for _ in range(3)]
    with Stubber(queue._client) as sqs:
        sqs.add_response("send_message_batch", {"Successful": [_sent(0), _sent(2)], "Failed": [_failed(1)]})
        publication = queue.publish(events)
    assert publication.accepted == {events[0].id, events[2].id}
    assert publication.refused == {events[1].id: "SQS refused the message: InternalError try again"}
    assert publication.fault is None


def test_after_some_time_no_other_request_is_begun(aws: Aws, queue_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.queue._BUDGET_SECONDS", -1)
    assert not Queue(queue_url, REGION).publish([event()]).accepted
    assert aws.emulator.messages(queue_url) == []


def test_a_request_to_a_fifo_queue_holds_one_message_of_a_recipient(aws: Aws, fifo_url: str) -> None:
    """Of two, the second could be taken where the first is refused."""
    queue = Queue(fifo_url, REGION)
    requests = Requests(queue)
    events = [event(str(number), recipient) for number in range(3) for recipient in ("ada@example.com", "bob@b.com")]
    assert len(queue.publish(events).accepted) == 6
    assert requests.sizes == [2, 2, 2]
    bodies = [json.loads(each["Body"])["body"] for each in aws.emulator.messages(fifo_url)]
    assert bodies == ["0", "0", "1", "1", "2", "2"]


def test_a_fifo_queue_is_sent_nothing_past_what_it_refused(fifo_url: str) -> None:
    queue = Queue(fifo_url, REGION)
    events = [event("1"), event("2")]
    with Stubber(queue._client) as sqs:
        sqs.add_response("send_message_batch", {"Successful": [], "Failed": [_failed(0)]})
        publication = queue.publish(events)
    assert (publication.accepted, publication.refused) == (frozenset(), {})
    assert "InternalError" in (publication.fault or "")


def test_a_message_sent_twice_to_a_fifo_queue_is_there_once(aws: Aws, fifo_url: str) -> None:
    """As after a commit that was lost."""
    sent = event()
    for _ in range(2):
        assert Queue(fifo_url, REGION).publish([sent]).accepted == {sent.id}
    assert len(aws.emulator.messages(fifo_url)) == 1


def _sent(number: int) -> dict[str, str]:
    return {"Id": str(number), "MessageId": str(uuid4()), "MD5OfMessageBody": "0" * 32}


def _failed(number: int) -> dict[str, Any]:
    return {"Id": str(number), "SenderFault": False, "Code": "InternalError", "Message": "try again"}
