"""Telling of tickets over Telegram, one event at a time."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from psycopg import Connection

from services.broker import Subscription
from services.channels import Deliver
from services.events import Event
from services.failures import PermanentError, TransientError
from services.messages import Channel, Message
from services.text import excerpt
from services.tickets import store
from services.tickets.store import Status, Ticket

EXCHANGE = "tickets"
RECEIVED = "ticket.received"
NOTIFICATIONS = Subscription(exchange=EXCHANGE, queue="tickets.notify", topics=(RECEIVED,))

_MAX_ERROR_CHARACTERS = 500


def payload_of(ticket_id: UUID) -> dict[str, Any]:
    """What the event says about a ticket: the rest is in the database."""
    return {"ticket_id": str(ticket_id)}


class Notifier:
    """Handles the events of NOTIFICATIONS.

    A ticket is told of once, however often its event arrives; only if the process or the database fails just between
    Telegram's answer and its record may it be told of twice.
    """

    def __init__(self, connection: Callable[[], AbstractContextManager[Connection[Any]]], deliver: Deliver) -> None:
        self._connection = connection
        self._deliver = deliver

    def handle(self, event: Event) -> None:
        """Sends the message, unless that has been done. Raises PermanentError or TransientError, or the database's."""
        ticket_id = _ticket_id(event)
        with self._connection() as connection:
            ticket = store.claim(connection, ticket_id)
            known = ticket or store.find(connection, ticket_id)
        if known is None:
            raise PermanentError(f"there is no ticket {ticket_id}")
        if ticket is None:
            if known.status is Status.NOTIFIED:
                return
            raise TransientError("another attempt is under way", retry_after_seconds=store.CLAIM_SECONDS)
        try:
            self._deliver(_message(ticket))
        except TransientError as failure:
            with self._connection() as connection:
                store.failed_once(connection, ticket_id, excerpt(str(failure), _MAX_ERROR_CHARACTERS))
            raise
        with self._connection() as connection:
            store.notified(connection, ticket_id)

    def give_up(self, event: Event, reason: str) -> None:
        """Shows that a ticket will not be told of, and why."""
        try:
            ticket_id = _ticket_id(event)
        except PermanentError:
            # Then there is no ticket to show it at.
            return
        with self._connection() as connection:
            store.failed(connection, ticket_id, reason)


def _ticket_id(event: Event) -> UUID:
    try:
        return UUID(event.payload["ticket_id"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise PermanentError("the event names no ticket: ticket_id must be a UUID") from None


def _message(ticket: Ticket) -> Message:
    return Message(
        id=ticket.id,
        channel=Channel.TELEGRAM,
        recipient=ticket.chat,
        subject=ticket.subject,
        body=f"{ticket.description}\n\nTicket {ticket.id}",
    )
