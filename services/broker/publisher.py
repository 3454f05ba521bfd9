"""Publishing events so that each is known to have arrived in a queue."""

import json
import logging
import time
from collections.abc import Sequence
from uuid import UUID

from pika import BasicProperties, BlockingConnection, DeliveryMode
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import NackError, UnroutableError
from prometheus_client import Counter

from services.broker.connection import FAULTS, Broker, BrokerUnavailableError, close, describe, limited
from services.broker.subscription import Subscription, declare, declare_exchange
from services.events import Event, Publication

logger = logging.getLogger(__name__)

# Who publishes may hold a transaction open meanwhile, which PostgreSQL ends after 15 s. No event is begun after the
# first of these, and none is waited for longer than the second.
_PUBLISH_SECONDS = 8
_CONFIRM_SECONDS = 4
# A cluster that has just lost a node takes its time to make a queue.
_DECLARE_SECONDS = 20

_PUBLISHED = Counter("events_published", "Events that the broker has accepted.", ["topic"])


class Publisher:
    """Publishes to one exchange, over a connection that is opened at need and kept. Not for several threads.

    subscriptions: what is made before anything is published, so that the events reach consumers that have not run
    yet. An event that no queue takes is refused.
    """

    def __init__(self, broker: Broker, exchange: str, subscriptions: Sequence[Subscription] = ()) -> None:
        self._broker = broker
        self._exchange = exchange
        self._subscriptions = subscriptions
        self._opened: tuple[BlockingConnection, BlockingChannel] | None = None

    def publish(self, events: Sequence[Event]) -> Publication:
        """Publishes in this order, as many as some 8 s allow; the rest is not tried.

        With nothing to publish it opens the connection, or keeps it alive: to be called so every few seconds, and
        before a transaction in which there is something to publish.
        """
        deadline = time.monotonic() + _PUBLISH_SECONDS
        accepted: set[UUID] = set()
        refused: dict[UUID, str] = {}
        fault = None
        try:
            connection, channel = self._open()
            for event in events:
                if time.monotonic() >= deadline:
                    break
                try:
                    with limited(connection, _CONFIRM_SECONDS):
                        self._publish(channel, event)
                except UnroutableError:
                    refused[event.id] = f"no queue takes {event.topic} from exchange {self._exchange}"
                except NackError:
                    refused[event.id] = f"a queue for {event.topic} did not take it"
                else:
                    accepted.add(event.id)
                    _PUBLISHED.labels(event.topic).inc()
        except BrokerUnavailableError as error:
            fault = str(error)
        except FAULTS as error:
            self.close()
            fault = f"the broker failed: {describe(error)}"
        return Publication(accepted=frozenset(accepted), refused=refused, fault=fault)

    def close(self) -> None:
        """Closes the connection, if there is one; the next call of `publish` opens another."""
        opened, self._opened = self._opened, None
        if opened is not None:
            close(opened[0])

    def _open(self) -> tuple[BlockingConnection, BlockingChannel]:
        # What happened to the connection while nothing was published is known only now.
        self._keep_alive()
        if self._opened is None:
            connection = self._broker.connect()
            try:
                with limited(connection, _DECLARE_SECONDS):
                    self._opened = connection, self._declare(connection)
            finally:
                if self._opened is None:
                    close(connection)
        return self._opened

    def _declare(self, connection: BlockingConnection) -> BlockingChannel:
        channel = connection.channel()
        channel.confirm_delivery()
        declare_exchange(channel, self._exchange)
        for subscription in self._subscriptions:
            declare(channel, subscription)
        return channel

    def _keep_alive(self) -> None:
        if self._opened is None:
            return
        try:
            self._opened[0].process_data_events(time_limit=0)
        except FAULTS as error:
            logger.info("the connection was lost", extra={"reason": describe(error)})
            self.close()

    def _publish(self, channel: BlockingChannel, event: Event) -> None:
        channel.basic_publish(
            self._exchange,
            event.topic,
            json.dumps(event.payload).encode(),
            BasicProperties(
                message_id=str(event.id),
                # The routing key gives way to that of the queue when the message comes back for another attempt.
                type=event.topic,
                content_type="application/json",
                delivery_mode=DeliveryMode.Persistent,
            ),
            mandatory=True,
        )
