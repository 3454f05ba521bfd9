"""What becomes of a message whose answer does not reach the broker."""

import time
from typing import cast
from uuid import UUID, uuid4

import pytest
from pika import BasicProperties
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ConnectionBlockedTimeout

from services.broker import Broker, Consumer, Subscription, consumer
from services.broker.handling import Handling
from services.broker.subscription import MAX_UNANSWERED
from services.events import Event
from services.failures import TransientError
from tests.services.broker.conftest import TOPIC
from tests.support.eventually import eventually
from tests.support.rabbitmq import RabbitMq


class Line:
    """A channel to a broker that takes nothing, as while it is short of memory, until it is `free`."""

    def __init__(self) -> None:
        self.free = False

    def basic_publish(self, *_: object, **__: object) -> None:
        if not self.free:
            raise ConnectionBlockedTimeout("blocked")


class Process:
    """One that consumes, and what it has given up. No event can be handled at present."""

    def __init__(self) -> None:
        subscription = Subscription(exchange="shop", queue="orders", topics=("#",))
        self.handling = Handling(subscription, self._handle, self._give_up)
        self.line = Line()
        self.handled = 0
        self.given_up: list[str] = []

    def _handle(self, _event: Event) -> None:
        self.handled += 1
        raise TransientError("busy")

    def _give_up(self, _event: Event, reason: str) -> None:
        self.given_up.append(reason)

    def take(self, event_id: UUID, unanswered: int) -> None:
        properties = BasicProperties(
            message_id=str(event_id), type=TOPIC, headers={"x-delivery-count": unanswered} if unanswered else None
        )
        self.handling.settle(cast(BlockingChannel, self.line), properties, b"{}")


def test_a_message_whose_answers_were_lost_is_not_given_up_for_that() -> None:
    process, event_id = Process(), uuid4()
    for unanswered in range(2 * MAX_UNANSWERED):
        with pytest.raises(ConnectionBlockedTimeout):
            process.take(event_id, unanswered)
    process.line.free = True
    process.take(event_id, 2 * MAX_UNANSWERED)
    assert process.handled == 2 * MAX_UNANSWERED + 1
    assert process.given_up == []


def test_another_process_has_only_the_count_to_judge_by() -> None:
    process, event_id = Process(), uuid4()
    process.line.free = True
    process.take(event_id, MAX_UNANSWERED - 1)
    assert process.given_up == []
    process.take(event_id, MAX_UNANSWERED)
    assert process.given_up == [f"delivered {MAX_UNANSWERED} times without an answer"]
    assert process.handled == 1


def test_what_could_not_be_laid_aside_is_not_taken_again_at_once(
    broker: Broker, subscription: Subscription, rabbitmq: RabbitMq, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "_FAULT_PAUSE_SECONDS", 3)
    times: list[float] = []

    def handle(_event: Event) -> None:
        times.append(time.monotonic())
        if len(times) == 1:
            # The next session makes them again.
            rabbitmq.delete_queues(*map(subscription.retry_queue, subscription.retry_delays_seconds))
            raise TransientError("busy")

    running = Consumer(broker, subscription, handle)
    with rabbitmq.connect() as connection:
        properties = BasicProperties(message_id=str(uuid4()), type=TOPIC)
        connection.channel().basic_publish(subscription.exchange, TOPIC, b"{}", properties)
    running.start()
    try:
        eventually(lambda: len(times) == 2)
    finally:
        running.stop()
        assert running.join(60)
    assert times[1] - times[0] >= 3
