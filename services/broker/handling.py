"""What becomes of one message: dealt with, tried again later, or laid aside with the reason."""

import logging
from collections.abc import Callable
from copy import copy
from uuid import UUID

from pika import BasicProperties, DeliveryMode
from pika.adapters.blocking_connection import BlockingChannel
from prometheus_client import Counter
from pydantic_core import from_json

from services.broker.connection import FAULTS
from services.broker.subscription import MAX_UNANSWERED, Subscription
from services.database import is_outage
from services.events import Event
from services.failures import PermanentError, TransientError
from services.logs import without_values
from services.text import excerpt

logger = logging.getLogger(__name__)

_HANDLED = Counter(
    "events_handled", "Events by what became of them: done, retried, postponed, dead.", ["queue", "topic", "outcome"]
)
# Headers of a message that waits for another attempt, and of a dead one.
_ATTEMPTS, _REASON = "x-attempts", "x-reason"
# RabbitMQ's own, in quorum queues: how often the message was handed over without an answer.
_UNANSWERED = "x-delivery-count"
# How soon to look again whether the database is back.
_OUTAGE_SECONDS = 5
_MAX_REASON_CHARACTERS = 500
# How many messages are remembered whose answer was lost with the connection.
_MAX_CUT_OFF = 1000
_UNREADABLE = "(unreadable)"


class UnreadableEventError(ValueError):
    """A message that is no event; the text says why and repeats nothing of its body."""


class Handling:
    """Deals with the messages of a subscription; see Consumer."""

    def __init__(
        self,
        subscription: Subscription,
        handle: Callable[[Event], None],
        give_up: Callable[[Event, str], None] | None,
    ) -> None:
        self._subscription = subscription
        self._handle = handle
        self._give_up = give_up
        # Of messages. What is done to it is atomic, so that several threads may share it.
        self._cut_off: set[str | None] = set()

    def settle(self, channel: BlockingChannel, properties: BasicProperties, body: bytes) -> None:
        """Returns once the message may be let go of. The channel must be one that confirms.

        Where the message goes on, it has arrived there before this returns. Raises one of FAULTS where it cannot.
        """
        message = _Message(channel, self._subscription, properties, body)
        try:
            self._settle(message, properties, body)
        except FAULTS:
            if len(self._cut_off) >= _MAX_CUT_OFF:
                self._cut_off.clear()
            self._cut_off.add(properties.message_id)
            raise

    def _settle(self, message: "_Message", properties: BasicProperties, body: bytes) -> None:
        # The broker counts every delivery without an answer, also those whose answer did not get through, as while it
        # is short of memory and takes nothing. A process that has seen this lives, so that the count proves nothing;
        # where handling does end the process, the next one has seen nothing.
        spent = message.unanswered >= MAX_UNANSWERED and properties.message_id not in self._cut_off
        try:
            event = _read(properties, body)
        except UnreadableEventError as error:
            logger.warning("unreadable", extra={"queue": self._subscription.queue, "reason": str(error)})
            message.bury(str(error))
            self._count(_UNREADABLE, "dead")
            return
        if spent:
            outcome = self._end(event, message, f"delivered {message.unanswered} times without an answer")
        else:
            outcome = self._deal_with(event, message)
        self._count(event.topic, outcome)

    def _deal_with(self, event: Event, message: "_Message") -> str:
        try:
            self._handle(event)
        except PermanentError as error:
            return self._end(event, message, str(error))
        except TransientError as error:
            return self._again(event, message, str(error), error.retry_after_seconds)
        except Exception as error:  # noqa: BLE001  # one event must never end the consumer
            if is_outage(error):
                return self._postpone(event, message)
            # Without the error's text, which may quote the event.
            logger.error("unexpected error", extra={**self._about(event), **without_values(error)})  # noqa: TRY400
            return self._again(event, message, f"unexpected {type(error).__name__}", 0)
        return "done"

    def _again(self, event: Event, message: "_Message", reason: str, retry_after_seconds: float) -> str:
        attempts = message.attempts + 1
        delays = self._subscription.retry_delays_seconds
        if attempts > len(delays):
            return self._end(event, message, reason)
        delay = message.wait(max(delays[attempts - 1], retry_after_seconds), attempts, reason)
        logger.info(
            "failed; another attempt follows",
            extra={**self._about(event), "attempts": attempts, "delay_seconds": delay, "reason": reason},
        )
        return "retried"

    def _postpone(self, event: Event, message: "_Message") -> str:
        delay = message.wait(_OUTAGE_SECONDS, message.attempts, "the database is not available")
        logger.warning(
            "the database is not available; another attempt follows",
            extra={**self._about(event), "delay_seconds": delay},
        )
        return "postponed"

    def _end(self, event: Event, message: "_Message", reason: str) -> str:
        try:
            if self._give_up is not None:
                self._give_up(event, excerpt(reason, _MAX_REASON_CHARACTERS))
        except Exception as error:  # noqa: BLE001  # the event is still there to be given up later
            logger.error("unexpected error", extra={**self._about(event), **without_values(error)})  # noqa: TRY400
            return self._postpone(event, message)
        logger.error("given up", extra={**self._about(event), "reason": reason})
        message.bury(reason)
        return "dead"

    def _about(self, event: Event) -> dict[str, str]:
        return {"queue": self._subscription.queue, "event_id": str(event.id), "topic": event.topic}

    def _count(self, topic: str, outcome: str) -> None:
        _HANDLED.labels(self._subscription.queue, topic, outcome).inc()


class _Message:
    """A message that was handed over, and where it can go."""

    def __init__(
        self, channel: BlockingChannel, subscription: Subscription, properties: BasicProperties, body: bytes
    ) -> None:
        self._channel = channel
        self._subscription = subscription
        self._properties = properties
        self._body = body
        headers = properties.headers or {}
        self.attempts = _number(headers.get(_ATTEMPTS))
        self.unanswered = _number(headers.get(_UNANSWERED))

    def wait(self, least_seconds: float, attempts: int, reason: str) -> float:
        """Lays the message aside until it comes back; returns for how many seconds."""
        delays = self._subscription.retry_delays_seconds
        delay = min((each for each in delays if each >= least_seconds), default=max(delays))
        self._publish("", self._subscription.retry_queue(delay), attempts, reason)
        return delay

    def bury(self, reason: str) -> None:
        """Lays the message aside for good."""
        self._publish(self._subscription.dead_exchange, self._subscription.queue, self.attempts + 1, reason)

    def _publish(self, exchange: str, routing_key: str, attempts: int, reason: str) -> None:
        properties = copy(self._properties)
        # Without those that the broker has added on the way here.
        kept = {name: value for name, value in (properties.headers or {}).items() if not name.startswith("x-")}
        properties.headers = {**kept, _ATTEMPTS: attempts, _REASON: excerpt(reason, _MAX_REASON_CHARACTERS)}
        properties.delivery_mode = DeliveryMode.Persistent.value
        self._channel.basic_publish(exchange, routing_key, self._body, properties, mandatory=True)


def _number(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _read(properties: BasicProperties, body: bytes) -> Event:
    """Raises UnreadableEventError."""
    try:
        event_id = UUID(properties.message_id or "")
    except ValueError:
        raise UnreadableEventError("the property message_id is no UUID") from None
    if not properties.type:
        raise UnreadableEventError("the property type, which names the topic, is missing")
    try:
        # Of limited depth: what is nested without end is refused like any other text that is no JSON.
        payload = from_json(body)
    except ValueError as error:
        # It names the place, and quotes nothing.
        raise UnreadableEventError(f"the body is no JSON: {error}") from None
    if not isinstance(payload, dict):
        raise UnreadableEventError("the body is not a JSON object")
    return Event(id=event_id, topic=properties.type, payload=payload)
