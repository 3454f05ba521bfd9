"""Consuming events: takes them from the queue, one after the other, and lets go of those that are dealt with."""

import logging
import threading
import time
from collections.abc import Callable

from pika import BasicProperties, BlockingConnection
from pika.adapters.blocking_connection import BlockingChannel

from services.background import Loop
from services.broker.connection import FAULTS, Broker, BrokerUnavailableError, close, describe
from services.broker.handling import Handling
from services.broker.subscription import Subscription, declare
from services.events import Event

logger = logging.getLogger(__name__)

# How soon a stop is noticed while nothing comes in.
_LOOK_SECONDS = 0.5
# Handling takes much longer than fetching: a message waits in the queue for the first thread that is free, not behind
# another one.
_PREFETCH = 1
# Before going on where a message could not be laid aside: the broker hands it over again at once, and counts that. Less
# than two heartbeats, because the connection may still be there.
_FAULT_PAUSE_SECONDS = 30


class Consumer:
    """Hands the events of a subscription to `handle`, in as many threads as asked for, until it is stopped.

    handle: returns when the event is dealt with. It may come again all the same, so that handling it twice must do no
    harm. Raises PermanentError for an event that no attempt will do better with. Anything else that it raises leads
    to another attempt after a delay; that of TransientError is at least the one it asks for. Attempts do not count
    while the database is away. It must end within a minute, or the broker takes the connection for dead.
    give_up: called before an event goes to the dead letters, with the reason; if it raises, that is tried again.
    """

    def __init__(
        self,
        broker: Broker,
        subscription: Subscription,
        handle: Callable[[Event], None],
        *,
        give_up: Callable[[Event, str], None] | None = None,
        threads: int = 1,
    ) -> None:
        self._broker = broker
        self._subscription = subscription
        self._handling = Handling(subscription, handle, give_up)
        self._stopping = threading.Event()
        name = f"consumer of {subscription.queue}"
        self._loops = [Loop(f"{name} {number}", self._session, idle_seconds=0) for number in range(1, threads + 1)]

    def start(self) -> None:
        """Begins; returns at once. Without a broker it goes on trying to reach one."""
        for loop in self._loops:
            loop.start()

    def stop(self) -> None:
        """Asks it to end with the events in hand; returns at once."""
        self._stopping.set()
        for loop in self._loops:
            loop.stop()

    def join(self, timeout_seconds: float) -> bool:
        """Waits for its end; False if that does not come in time."""
        deadline = time.monotonic() + timeout_seconds
        return all(loop.join(max(deadline - time.monotonic(), 0)) for loop in self._loops)

    def _session(self) -> bool:
        """Consumes until it is stopped, or until the connection is lost, which it raises."""
        connection = self._broker.connect()
        try:
            self._consume(connection)
        except FAULTS as error:
            raise BrokerUnavailableError(f"the connection was lost: {describe(error)}") from error
        finally:
            close(connection)
        return True

    def _consume(self, connection: BlockingConnection) -> None:
        channel = connection.channel()
        channel.confirm_delivery()
        declare(channel, self._subscription)
        channel.basic_qos(prefetch_count=_PREFETCH)
        logger.info("consuming", extra={"queue": self._subscription.queue})
        # Ends by itself when the queue is deleted; the next session makes it again.
        for method, properties, body in channel.consume(self._subscription.queue, inactivity_timeout=_LOOK_SECONDS):
            if self._stopping.is_set():
                break
            if method is not None and properties is not None and body is not None:
                self._settle(channel, properties, body)
                channel.basic_ack(method.delivery_tag or 0)
        channel.cancel()

    def _settle(self, channel: BlockingChannel, properties: BasicProperties, body: bytes) -> None:
        try:
            self._handling.settle(channel, properties, body)
        except FAULTS:
            self._stopping.wait(_FAULT_PAUSE_SECONDS)
            raise
