"""What becomes of the messages of a queue."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
import pytest
from psycopg.errors import QueryCanceled

from services.broker import Broker, Consumer, Subscription
from services.broker.subscription import MAX_UNANSWERED
from services.database import DatabaseUnavailableError
from services.events import Event
from services.failures import PermanentError, TransientError
from tests.services.broker.conftest import QUICK, TOPIC
from tests.support.eventually import eventually
from tests.support.rabbitmq import RabbitMq

Send = Callable[..., UUID]


class Handler:
    """Keeps what it gets, and does as it is told: raises the errors in their order, then nothing."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.events: list[Event] = []
        self.times: list[float] = []
        self.given_up: list[tuple[UUID, str]] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self.times.append(time.monotonic())
        if self.errors:
            raise self.errors.pop(0)

    def give_up(self, event: Event, reason: str) -> None:
        self.given_up.append((event.id, reason))

    @property
    def pauses(self) -> list[float]:
        return [after - before for before, after in zip(self.times, self.times[1:], strict=False)]


@contextmanager
def running(
    broker: Broker, subscription: Subscription, handle: Callable[[Event], None], *, threads: int = 1
) -> Iterator[None]:
    """A consumer at work; in the end it is stopped, and what it has not acknowledged is in the queue again."""
    give_up = handle.give_up if isinstance(handle, Handler) else None
    consumer = Consumer(broker, subscription, handle, give_up=give_up, threads=threads)
    consumer.start()
    try:
        yield
    finally:
        consumer.stop()
        assert consumer.join(60)


def dead(rabbitmq: RabbitMq, subscription: Subscription) -> tuple[UUID, object]:
    """Id and reason of the next dead letter."""
    properties, _ = rabbitmq.take(subscription.dead_queue)
    return UUID(properties.message_id), (properties.headers or {})["x-reason"]


def left(rabbitmq: RabbitMq, subscription: Subscription) -> int:
    """How many messages wait, dead ones aside."""
    delays = subscription.retry_delays_seconds
    return sum(rabbitmq.count(queue) for queue in (subscription.queue, *map(subscription.retry_queue, delays)))


def test_an_event_is_handled_and_acknowledged(
    broker: Broker, subscription: Subscription, rabbitmq: RabbitMq, send: Send
) -> None:
    handler = Handler()
    event_id = send(body=b'{"number": 5}')
    with running(broker, subscription, handler):
        eventually(lambda: handler.events)
    assert handler.events == [Event(id=event_id, topic=TOPIC, payload={"number": 5})]
    assert left(rabbitmq, subscription) == rabbitmq.count(subscription.dead_queue) == 0


@pytest.mark.parametrize("error", [TransientError("busy"), RuntimeError("what?"), QueryCanceled("too long")])
def test_what_fails_comes_back_after_a_delay_as_it_was(
    broker: Broker, subscription: Subscription, rabbitmq: RabbitMq, send: Send, error: Exception
) -> None:
    handler = Handler(error)
    send(body=b'{"number": 5}', headers={"trace": "1"})
    with running(broker, subscription, handler):
        eventually(lambda: len(handler.events) == 2)
    assert handler.events[0] == handler.events[1]
    assert handler.pauses[0] >= QUICK[0]
    assert left(rabbitmq, subscription) == 0


def test_delays_grow_until_it_is_given_up(
    broker: Broker, subscription: Subscription, rabbitmq: RabbitMq, send: Send, caplog: pytest.LogCaptureFixture
) -> None:
    handler = Handler(*[TransientError(f"busy {number}") for number in range(5)])
    event_id = send()
    with caplog.at_level("INFO"), running(broker, subscription, handler):
        assert dead(rabbitmq, subscription) == (event_id, "busy 2")
    assert [event.id for event in handler.events] == [event_id] * 3
    told = [record.__dict__["delay_seconds"] for record in caplog.records if "delay_seconds" in record.__dict__]
    assert told == list(QUICK)
    assert all(pause >= delay for pause, delay in zip(handler.pauses, QUICK, strict=True))
    assert handler.given_up == [(event_id, "busy 2")]
    assert left(rabbitmq, subscription) == 0


def test_a_longer_delay_can_be_asked_for(broker: Broker, subscription: Subscription, send: Send) -> None:
    handler = Handler(TransientError("busy", retry_after_seconds=900))
    send()
    with running(broker, subscription, handler):
        eventually(lambda: len(handler.events) == 2)
    # The longest there is.
    assert handler.pauses[0] >= QUICK[1]


def test_what_no_attempt_will_do_better_with_is_laid_aside_at_once(
    broker: Broker, subscription: Subscription, rabbitmq: RabbitMq, send: Send
) -> None:
    handler = Handler(PermanentError("nobody lives there"))
    event_id = send()
    with running(broker, subscription, handler):
        assert dead(rabbitmq, subscription) == (event_id, "nobody lives there")
    assert handler.given_up == [(event_id, "nobody lives there")]
    assert len(handler.events) == 1
    assert left(rabbitmq, subscription) == 0


@pytest.mark.parametrize("error", [DatabaseUnavailableError("away"), psycopg.OperationalError("broken")])
def test_attempts_do_not_count_while_the_database_is_away(
    broker: Broker, subscription: Subscription, rabbitmq: RabbitMq, send: Send, error: Exception
) -> None:
    outage = [error] * 2 * len(QUICK)
    handler = Handler(*outage, TransientError("busy"), TransientError("busy"))
    send()
    with running(broker, subscription, handler):
        eventually(lambda: len(handler.events) == len(outage) + 3)
    assert rabbitmq.count(subscription.dead_queue) == left(rabbitmq, subscription) == 0


def test_an_event_that_cannot_be_given_up_now_is_later(
    broker: Broker, subscription: Subscription, rabbitmq: RabbitMq, send: Send
) -> None:
    class Stubborn(Handler):
        def give_up(self, event: Event, reason: str) -> None:
            super().give_up(event, reason)
            if len(self.given_up) == 1:
                raise psycopg.OperationalError("the database is away")

    handler = Stubborn(PermanentError("no"), PermanentError("no"))
    event_id = send()
    with running(broker, subscription, handler):
        assert dead(rabbitmq, subscription) == (event_id, "no")
    assert handler.given_up == [(event_id, "no")] * 2


@pytest.mark.parametrize(
    "case",
    [
        ({"message_id": None}, "the property message_id is no UUID"),
        ({"message_id": "5"}, "the property message_id is no UUID"),
        ({"type": None}, "the property type, which names the topic, is missing"),
        ({"body": b"{"}, "the body is no JSON: EOF while parsing an object at line 1 column 1"),
        ({"body": b'{"name": "hunter2'}, "the body is no JSON: EOF while parsing a string at line 1 column 17"),
        ({"body": b"\xff"}, "the body is no JSON: expected value at line 1 column 1"),
        ({"body": b'{"a":' * 100_000}, "the body is no JSON: recursion limit exceeded at line 1 column 1006"),
        ({"body": b"[1]"}, "the body is not a JSON object"),
    ],
)
def test_what_is_no_event_is_laid_aside_and_holds_up_nothing(
    broker: Broker,
    subscription: Subscription,
    rabbitmq: RabbitMq,
    send: Send,
    case: tuple[dict[str, object], str],
) -> None:
    message, reason = case
    handler = Handler()
    send(**message)
    good = send()
    with running(broker, subscription, handler):
        eventually(lambda: handler.events)
    assert [event.id for event in handler.events] == [good]
    properties, body = rabbitmq.take(subscription.dead_queue)
    assert (properties.headers or {})["x-reason"] == reason
    assert body == message.get("body", b"{}")


def take_without_an_answer(rabbitmq: RabbitMq, subscription: Subscription) -> None:
    with rabbitmq.connect() as connection:
        eventually(lambda: connection.channel().basic_get(subscription.queue)[0])


def test_an_event_that_ends_the_process_each_time_is_given_up(
    broker: Broker, subscription: Subscription, rabbitmq: RabbitMq, send: Send
) -> None:
    event_id = send()
    for _ in range(MAX_UNANSWERED):
        take_without_an_answer(rabbitmq, subscription)
    handler = Handler()
    with running(broker, subscription, handler):
        reason = f"delivered {MAX_UNANSWERED} times without an answer"
        assert dead(rabbitmq, subscription) == (event_id, reason)
    assert handler.events == []
    assert handler.given_up == [(event_id, reason)]


def test_it_ends_with_the_event_in_hand_and_leaves_the_others(
    broker: Broker, subscription: Subscription, rabbitmq: RabbitMq, send: Send
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def handle(_event: Event) -> None:
        begun.set()
        assert go_on.wait(60)

    for _ in range(3):
        send()
    consumer = Consumer(broker, subscription, handle)
    consumer.start()
    assert begun.wait(60)
    consumer.stop()
    assert not consumer.join(0.2)
    go_on.set()
    assert consumer.join(60)
    assert rabbitmq.count(subscription.queue) == 2


def test_threads_handle_events_at_the_same_time(broker: Broker, subscription: Subscription, send: Send) -> None:
    both = threading.Barrier(2, timeout=60)
    met: list[int] = []

    def handle(_event: Event) -> None:
        met.append(both.wait())

    for _ in range(2):
        send()
    with running(broker, subscription, handle, threads=2):
        eventually(lambda: sorted(met) == [0, 1])


def test_an_event_in_hand_while_the_broker_restarts_comes_again(
    broker: Broker, subscription: Subscription, rabbitmq: RabbitMq, send: Send
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    handled: list[UUID] = []

    def handle(event: Event) -> None:
        handled.append(event.id)
        begun.set()
        assert go_on.wait(60)

    event_id = send()
    with running(broker, subscription, handle):
        assert begun.wait(60)
        rabbitmq.stop()
        go_on.set()
        rabbitmq.start()
        eventually(lambda: handled == [event_id] * 2)
        other = send()
        eventually(lambda: handled == [event_id, event_id, other])
    assert left(rabbitmq, subscription) == 0


def test_a_queue_that_is_deleted_is_made_again(
    broker: Broker, subscription: Subscription, rabbitmq: RabbitMq, send: Send
) -> None:
    handler = Handler()
    send()
    with running(broker, subscription, handler):
        eventually(lambda: len(handler.events) == 1)
        rabbitmq.delete_queues(subscription.queue)

        def send_and_look() -> bool:
            send()
            return len(handler.events) > 1

        eventually(send_and_look)
