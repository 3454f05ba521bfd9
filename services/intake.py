"""Taking a notification in: stored and to be queued, or neither."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from psycopg import Connection, Error

from services import outbox, store
from services.database import is_connection_fault
from services.messages import Content, Message
from services.store import Status

_KEYS = uuid5(NAMESPACE_URL, "notifications/idempotency-key")
# The topic of all that is in the outbox.
QUEUED = "notification.queued"


class KeyReusedError(Exception):
    """The idempotency key already stands for a notification with another content."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The notification that answers a request, be it new or the first one under its key."""

    id: UUID
    status: Status


class Intake:
    """Accepts notifications.

    The notification and the intent to put it on the queue are stored in one transaction: there is never one without
    the other. Which way the queue is does not matter here.
    """

    def __init__(self, connection: Callable[[], AbstractContextManager[Connection[Any]]]) -> None:
        self._connection = connection

    def accept(self, content: Content, idempotency_key: str | None, *, owner: str | None = None) -> Accepted:
        """Stores the notification, to be queued, unless its owner has used the key for the same content before.

        A connection that dies under it is replaced once. Raises KeyReusedError and what the connection raises; nothing
        is stored then, unless it is the answer to the commit that was lost: the same key finds the notification.
        """
        # Keys are their owner's own: that of another one leads to another id.
        keys = _KEYS if owner is None else uuid5(_KEYS, f"of {owner}")
        notification_id = uuid5(keys, idempotency_key) if idempotency_key else uuid4()
        message = Message(id=notification_id, **content.model_dump())
        with self._connection() as connection:
            try:
                return _accept(connection, message, idempotency_key, owner)
            except Error as error:
                if not is_connection_fault(error, connection):
                    raise
                connection.close()
        # Also where the commit was applied and its answer lost: the id is the same, and finds what is stored.
        with self._connection() as connection:
            return _accept(connection, message, idempotency_key, owner)


def _accept(connection: Connection[Any], message: Message, idempotency_key: str | None, owner: str | None) -> Accepted:
    with connection.transaction():
        if store.insert(connection, message, idempotency_key, owner=owner):
            outbox.add(connection, QUEUED, message.model_dump(mode="json", exclude_none=True))
            return Accepted(message.id, Status.QUEUED)
        stored = store.find_message(connection, message.id, owner=owner)
    if stored is None or stored[0] != message:
        raise KeyReusedError
    return Accepted(message.id, stored[1])
