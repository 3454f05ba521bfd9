"""Taking a notification in: stored and queued, or neither."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from psycopg import Connection

from services import store
from services.messages import Content, Message
from services.queue import Queue
from services.store import Status

_KEYS = uuid5(NAMESPACE_URL, "notifications/idempotency-key")


class KeyReusedError(Exception):
    """The idempotency key already stands for a notification with another content."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The notification that answers a request, be it new or the first one under its key."""

    id: UUID
    status: Status


class Intake:
    """Accepts notifications.

    The message goes to the queue before the row is committed, because it is self-contained: when the commit fails
    after all, the worker creates the row from the message. With an idempotency key the id follows from the key, so
    that the client's retry finds that row, and no second notification comes into being.
    """

    def __init__(self, connection: Callable[[], AbstractContextManager[Connection[Any]]], queue: Queue) -> None:
        self._connection = connection
        self._queue = queue

    def accept(self, content: Content, idempotency_key: str | None) -> Accepted:
        """Stores and queues the notification, unless its key has been used for the same content before.

        Raises KeyReusedError, QueueUnavailableError and what the connection raises; nothing is stored then.
        """
        notification_id = uuid5(_KEYS, idempotency_key) if idempotency_key else uuid4()
        message = Message(id=notification_id, **content.model_dump())
        with self._connection() as connection, connection.transaction():
            if store.insert(connection, message, idempotency_key):
                self._queue.send(message.id, message.to_json())
                return Accepted(message.id, Status.QUEUED)
            stored = store.find_message(connection, notification_id)
        if stored is None or stored[0] != message:
            raise KeyReusedError
        return Accepted(notification_id, stored[1])
