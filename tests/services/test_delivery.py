"""The bound on the time of a batch's deliveries."""

import threading
import time
from uuid import uuid4

from services.delivery import Job, deliver_all
from services.failures import TransientError
from services.messages import Channel, Message
from tests.support.eventually import eventually

# Long enough for a thread to begin with a delivery, however busy the machine is.
_DEADLINE_SECONDS = 2
_AMPLE_SECONDS = 30


def job(body: str) -> Job:
    return Job(Message(id=uuid4(), channel=Channel.SMS, recipient="+14155550123", body=body))


def all_have_ended() -> bool:
    """Whether no thread is left that could deliver anything."""
    return not [thread for thread in threading.enumerate() if thread.name.startswith("deliver")]


def test_nothing_behind_the_deadline_is_begun() -> None:
    delivered: list[str] = []
    go_on = threading.Event()

    def deliver(message: Message) -> None:
        go_on.wait(_AMPLE_SECONDS)
        delivered.append(message.body)

    lane = [job("first"), job("second")]
    verdicts = deliver_all([lane], {Channel.SMS: deliver}, deadline=time.monotonic() + _DEADLINE_SECONDS)
    assert delivered == [], "it returns while the first one goes on"
    go_on.set()
    assert list(verdicts) == [lane[0].message.id]
    assert isinstance(verdicts[lane[0].message.id], TransientError)
    eventually(all_have_ended)
    assert delivered == ["first"]


def test_nothing_is_begun_without_time() -> None:
    delivered: list[str] = []
    lanes = [[job("late")], [job("later")]]
    verdicts = deliver_all(
        lanes, {Channel.SMS: lambda message: delivered.append(message.body)}, deadline=time.monotonic()
    )
    eventually(all_have_ended)
    assert (verdicts, delivered) == ({}, [])


def test_more_messages_than_threads_are_all_delivered() -> None:
    delivered: list[str] = []
    lanes = [[job(str(number))] for number in range(25)]
    verdicts = deliver_all(
        lanes, {Channel.SMS: lambda message: delivered.append(message.body)}, deadline=time.monotonic() + _AMPLE_SECONDS
    )
    assert set(verdicts.values()) == {None}
    assert len(delivered) == len(verdicts) == 25
