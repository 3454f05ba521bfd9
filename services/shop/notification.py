"""notification: people are told by e-mail that their order is confirmed."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, FastAPI
from prometheus_client import Counter
from psycopg import Connection
from psycopg.rows import class_row
from pydantic import BaseModel

from services import inbox
from services.channels import Deliver
from services.channels.email import EmailChannel
from services.events import Event
from services.failures import PermanentError, TransientError
from services.messages import Channel, Message
from services.serving.json_route import JsonRoute
from services.serving.problems import ProblemError, documented
from services.serving.state import PoolOfApp
from services.settings import OrderNotificationSettings
from services.shop.access import User
from services.shop.assembly import SignedInAssembly
from services.shop.events import (
    ORDER_CONFIRMED,
    USER_REGISTERED,
    Connections,
    OrderConfirmed,
    UserRegistered,
    handling,
)
from services.text import excerpt

router = APIRouter(route_class=JsonRoute)

_NOTIFICATIONS = Counter("order_notifications", "E-mails about orders, by status: sent, failed.", ["status"])
_MAX_ERROR_CHARACTERS = 500


class Status(StrEnum):
    """Where an e-mail stands."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


class OrderNotification(BaseModel):
    """The e-mail about an order."""

    order_id: UUID
    status: Status
    attempts: int
    last_error: str | None
    sent_at: datetime | None


def create_app(settings: OrderNotificationSettings) -> FastAPI:
    """The application."""
    parts = SignedInAssembly(settings, "notification")
    office = MailOffice(parts.pool.connection, EmailChannel(settings.email_sender).deliver)
    return parts.app(
        description="What people were told about their orders.",
        router=router,
        tasks=parts.listening(office.handle, give_up=office.give_up),
    )


@router.get(
    "/order-notifications/{order_id}",
    responses=documented(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
def get_order_notification(order_id: UUID, user: User, pool: PoolOfApp) -> OrderNotification:
    """Tells how the e-mail about one's own order fares."""
    with pool.connection() as connection, connection.cursor(row_factory=class_row(OrderNotification)) as cursor:
        found = cursor.execute(
            """
            SELECT order_id, status, attempts, last_error, sent_at FROM order_notifications
            WHERE order_id = %s AND user_id = %s
            """,
            (order_id, user),
        ).fetchone()
    if found is None:
        raise ProblemError(
            HTTPStatus.NOT_FOUND,
            f"there is no e-mail about an order {order_id} of yours",
            errors={"order_id": "names no order of yours, or one that is not confirmed yet"},
        )
    return found


class MailOffice:
    """Sends what is to be sent, and keeps the book.

    An e-mail is recorded as sent right after SES has taken it, and not sent again then. If the event comes again
    between the two, as after the process or its connection to the broker died, so does the e-mail: SES knows no key by
    which it could tell.
    """

    def __init__(self, connections: Connections, deliver: Deliver) -> None:
        self._connections = connections
        self._deliver = deliver
        self._handlers: dict[str, Callable[[Event], None]] = {
            USER_REGISTERED: handling(connections, {USER_REGISTERED: _know}),
            ORDER_CONFIRMED: self._tell,
        }

    def handle(self, event: Event) -> None:
        """Raises PermanentError or TransientError."""
        handle = self._handlers.get(event.topic)
        if handle is None:
            raise PermanentError(f"nothing here handles {event.topic}")
        handle(event)

    def give_up(self, event: Event, reason: str) -> None:
        """Records that nobody will be told of an order."""
        if event.topic != ORDER_CONFIRMED:
            return
        try:
            order = OrderConfirmed.of(event)
        except PermanentError:
            return
        with self._connections() as connection, connection.transaction():
            _begin(connection, order)
            _record(connection, order.order_id, Status.FAILED, reason)
        _NOTIFICATIONS.labels(Status.FAILED).inc()

    def _tell(self, event: Event) -> None:
        order = OrderConfirmed.of(event)
        with self._connections() as connection:
            if _begin(connection, order) is Status.SENT:
                return
            recipient = connection.execute("SELECT email, name FROM users WHERE id = %s", (order.user_id,)).fetchone()
        if recipient is None:
            # Told out of turn: the registration is still on its way.
            raise TransientError(f"user {order.user_id} is not known yet")
        try:
            self._deliver(_message(order, *recipient))
        except (PermanentError, TransientError) as failure:
            with self._connections() as connection:
                _record(connection, order.order_id, Status.PENDING, str(failure))
            raise
        with self._connections() as connection, connection.transaction():
            inbox.once(connection, event.id)
            _record(connection, order.order_id, Status.SENT, None)
        _NOTIFICATIONS.labels(Status.SENT).inc()


def _know(connection: Connection[Any], event: Event) -> None:
    user = UserRegistered.of(event)
    connection.execute(
        "INSERT INTO users (id, email, name) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (user.user_id, user.email, user.name),
    )


def _begin(connection: Connection[Any], order: OrderConfirmed) -> Status:
    """Makes sure that the order is in the book; returns where it stands."""
    row = connection.execute(
        """
        INSERT INTO order_notifications AS known (order_id, user_id) VALUES (%s, %s)
        ON CONFLICT (order_id) DO UPDATE SET order_id = known.order_id
        RETURNING status
        """,
        (order.order_id, order.user_id),
    ).fetchone()
    assert row is not None  # noqa: S101  # the statement returns the row in either case
    return Status(row[0])


def _record(connection: Connection[Any], order_id: UUID, status: Status, error: str | None) -> None:
    connection.execute(
        """
        UPDATE order_notifications
        SET status = %(status)s, last_error = %(error)s,
            attempts = attempts + CASE WHEN %(status)s = 'failed' THEN 0 ELSE 1 END,
            sent_at = CASE WHEN %(status)s = 'sent' THEN now() END
        WHERE order_id = %(order_id)s AND status <> 'sent'
        """,
        {
            "order_id": order_id,
            "status": status,
            "error": None if error is None else excerpt(error, _MAX_ERROR_CHARACTERS),
        },
    )


def _message(order: OrderConfirmed, email: str, name: str) -> Message:
    total = f"{order.total_cents // 100}.{order.total_cents % 100:02}"
    return Message(
        id=order.order_id,
        channel=Channel.EMAIL,
        recipient=email,
        subject="Your order is confirmed",
        body=f"Hello {name},\n\nyour order {order.order_id} is confirmed: {order.quantity} of {order.product_name}, "
        f"{total} in all.\n",
    )
