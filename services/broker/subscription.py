"""Exchanges and queues: what there is for each consumer of events."""

from dataclasses import dataclass

from pika.adapters.blocking_connection import BlockingChannel
from pika.exchange_type import ExchangeType

# Between one attempt and the next: some six and a half minutes in all, with six attempts.
RETRY_DELAYS_SECONDS = (1, 5, 15, 60, 300)
# A message that was handed over so often without an answer is given up: it may be what ends the process each time.
MAX_UNANSWERED = 5
# The broker's own limit steps in if the program does not live to apply that one.
_DELIVERY_LIMIT = 4 * MAX_UNANSWERED


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """A durable queue for the events of some topics.

    exchange: where the events are published. queue: a name that no other consumer has; its dead letters are in the
    queue `<queue>.dead`. topics: with `*` for one word and `#` for any number of words.
    retry_delays_seconds: one for each attempt after the first.
    """

    exchange: str
    queue: str
    topics: tuple[str, ...]
    retry_delays_seconds: tuple[float, ...] = RETRY_DELAYS_SECONDS

    @property
    def dead_exchange(self) -> str:
        """Leads to the queues of dead letters; the routing key is the queue they come from."""
        return f"{self.exchange}.dead"

    @property
    def dead_queue(self) -> str:
        """Where a message ends that is not handled for good. It stays there until a person moves or deletes it."""
        return f"{self.queue}.dead"

    def retry_queue(self, delay_seconds: float) -> str:
        """Where a message waits for so long before it comes back."""
        return f"{self.queue}.retry.{round(delay_seconds * 1000)}ms"


def declare_exchange(channel: BlockingChannel, exchange: str) -> None:
    """Makes the exchange unless it is there."""
    channel.exchange_declare(exchange, ExchangeType.topic, durable=True)


def declare(channel: BlockingChannel, subscription: Subscription) -> None:
    """Makes what the subscription needs unless it is there.

    Raises pika's ChannelClosedByBroker if a queue of that name was made with other arguments.
    """
    declare_exchange(channel, subscription.exchange)
    channel.exchange_declare(subscription.dead_exchange, ExchangeType.direct, durable=True)
    _declare_queue(channel, subscription.dead_queue, {})
    channel.queue_bind(subscription.dead_queue, subscription.dead_exchange, subscription.queue)
    for delay in subscription.retry_delays_seconds:
        back = _dead_letters_to("", subscription.queue)
        _declare_queue(channel, subscription.retry_queue(delay), {"x-message-ttl": round(delay * 1000), **back})
    dead = _dead_letters_to(subscription.dead_exchange, subscription.queue)
    _declare_queue(channel, subscription.queue, {"x-delivery-limit": _DELIVERY_LIMIT, **dead})
    for topic in subscription.topics:
        channel.queue_bind(subscription.queue, subscription.exchange, topic)


def _declare_queue(channel: BlockingChannel, queue: str, arguments: dict[str, str | int]) -> None:
    # Replicated over the nodes of a cluster; the only kind that counts deliveries.
    channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum", **arguments})


def _dead_letters_to(exchange: str, routing_key: str) -> dict[str, str | int]:
    # The broker lets go of the message only when the next queue has it; which requires that overflow behaviour.
    return {
        "x-dead-letter-exchange": exchange,
        "x-dead-letter-routing-key": routing_key,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
