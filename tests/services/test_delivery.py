"""The bound on the time of a batch's deliveries."""

import time
from uuid import uuid4

from services.delivery import Job, deliver_all
from services.failures import TransientError
from services.messages import Channel, Message


def job(body: str) -> Job:
    return Job(Message(id=uuid4(), channel=Channel.SMS, recipient="+14155550123", body=body))


def test_nothing_behind_the_deadline_is_begun() -> None:
    delivered: list[str] = []

    def deliver(message: Message) -> None:
        time.sleep(0.3)
        delivered.append(message.body)

    lane = [job("first"), job("second")]
    started = time.monotonic()
    verdicts = deliver_all([lane], {Channel.SMS: deliver}, deadline=started + 0.1)
    assert time.monotonic() - started < 0.25
    assert list(verdicts) == [lane[0].message.id]
    assert isinstance(verdicts[lane[0].message.id], TransientError)
    time.sleep(0.8)
    assert delivered == ["first"]


def test_nothing_is_begun_without_time() -> None:
    delivered: list[str] = []
    lanes = [[job("late")], [job("later")]]
    verdicts = deliver_all(
        lanes, {Channel.SMS: lambda message: delivered.append(message.body)}, deadline=time.monotonic()
    )
    time.sleep(0.1)
    assert (verdicts, delivered) == ({}, [])


def test_more_messages_than_threads_are_all_delivered() -> None:
    delivered: list[str] = []
    lanes = [[job(str(number))] for number in range(25)]
    verdicts = deliver_all(
        lanes, {Channel.SMS: lambda message: delivered.append(message.body)}, deadline=time.monotonic() + 5
    )
    assert set(verdicts.values()) == {None}
    assert len(delivered) == len(verdicts) == 25
