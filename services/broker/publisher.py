"""Publishing events so that each is known to have arrived in a queue."""

import json
import logging
from collections.abc import Sequence
from uuid import UUID

from pika import BasicProperties, BlockingConnection, DeliveryMode
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import NackError, UnroutableError
from prometheus_client import Counter

from services.broker.connection import FAULTS, Broker, BrokerUnavailableError, describe
from services.broker.subscription import Subscription, declare, declare_exchange
from services.events import Event, Publication

logger = logging.getLogger(__name__)

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
        self._connection: BlockingConnection | None = None
        self._channel: BlockingChannel | None = None

    def publish(self, events: Sequence[Event]) -> Publication:
        """Publishes in this order. To be called every few seconds, if with nothing: that keeps the connection alive."""
        if not events:
            self._keep_alive()
            return Publication(refused={})
        accepted: set[UUID] = set()
        refused: dict[UUID, str] = {}
        fault = None
        try:
            channel = self._open_channel()
            for event in events:
                try:
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
        """Closes the connection, if there is one; the next event opens another."""
        connection, self._connection, self._channel = self._connection, None, None
        try:
            if connection is not None and connection.is_open:
                connection.close()
        except FAULTS as error:
            logger.info("the connection ended with an error", extra={"reason": describe(error)})

    def _open_channel(self) -> BlockingChannel:
        # What happened to the connection while nothing was published is known only now.
        self._keep_alive()
        if self._channel is None:
            self._connection = self._broker.connect()
            channel = self._connection.channel()
            channel.confirm_delivery()
            declare_exchange(channel, self._exchange)
            for subscription in self._subscriptions:
                declare(channel, subscription)
            self._channel = channel
        return self._channel

    def _keep_alive(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.process_data_events(time_limit=0)
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
