"""payment: an order is paid once its goods are set aside, and only once."""

from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, FastAPI
from psycopg import Connection
from pydantic import BaseModel

from services.events import Event
from services.serving.json_route import JsonRoute
from services.serving.problems import ProblemError, documented
from services.serving.state import PoolOfApp
from services.settings import SessionSettings
from services.shop.access import User
from services.shop.assembly import SignedInAssembly
from services.shop.events import (
    INVENTORY_REJECTED,
    INVENTORY_RESERVED,
    ORDER_PLACED,
    PAYMENT_CAPTURED,
    OrderPlaced,
    PaymentCaptured,
    StockDecided,
    handling,
)

router = APIRouter(route_class=JsonRoute)


class Status(StrEnum):
    """Where a payment stands."""

    PENDING = "pending"
    CAPTURED = "captured"
    CANCELLED = "cancelled"


class PaymentView(BaseModel):
    """The payment of an order."""

    order_id: UUID
    status: Status
    amount_cents: int
    captured_at: datetime | None


def create_app(settings: SessionSettings) -> FastAPI:
    """The application."""
    parts = SignedInAssembly(settings, "payment")
    handlers = {ORDER_PLACED: note_order, INVENTORY_RESERVED: note_reserved, INVENTORY_REJECTED: note_rejected}
    return parts.app(
        description="What has been paid.",
        router=router,
        tasks=[parts.telling(), *parts.listening(handling(parts.pool.connection, handlers))],
    )


@router.get(
    "/payments/{order_id}",
    responses=documented(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
def get_payment(order_id: UUID, user: User, pool: PoolOfApp) -> PaymentView:
    """Tells how the payment of one's own order stands."""
    with pool.connection() as connection:
        row = connection.execute(
            "SELECT stock, amount_cents, captured_at FROM payments WHERE order_id = %s AND user_id = %s",
            (order_id, user),
        ).fetchone()
    if row is None:
        raise ProblemError(
            HTTPStatus.NOT_FOUND,
            f"there is no payment for an order {order_id} of yours",
            errors={"order_id": "names no order of yours, or one so new that nothing is known of its payment"},
        )
    stock, amount_cents, captured_at = row
    status = Status.CANCELLED if stock == "rejected" else Status.CAPTURED if captured_at else Status.PENDING
    return PaymentView(order_id=order_id, status=status, amount_cents=amount_cents, captured_at=captured_at)


def note_order(connection: Connection[Any], event: Event) -> None:
    """Takes down whose order it is and what it costs."""
    order = OrderPlaced.of(event)
    connection.execute(
        """
        INSERT INTO payments AS known (order_id, user_id, amount_cents) VALUES (%s, %s, %s)
        ON CONFLICT (order_id) DO UPDATE
        SET user_id = COALESCE(known.user_id, EXCLUDED.user_id),
            amount_cents = COALESCE(known.amount_cents, EXCLUDED.amount_cents)
        """,
        (order.order_id, order.user_id, order.total_cents),
    )
    _capture(connection, order.order_id)


def note_reserved(connection: Connection[Any], event: Event) -> None:
    """Takes down that the goods are set aside."""
    _note_stock(connection, StockDecided.of(event).order_id, "reserved")


def note_rejected(connection: Connection[Any], event: Event) -> None:
    """Takes down that there is nothing to be paid."""
    _note_stock(connection, StockDecided.of(event).order_id, "rejected")


def _note_stock(connection: Connection[Any], order_id: UUID, stock: str) -> None:
    connection.execute(
        """
        INSERT INTO payments AS known (order_id, stock) VALUES (%s, %s)
        ON CONFLICT (order_id) DO UPDATE SET stock = COALESCE(known.stock, EXCLUDED.stock)
        """,
        (order_id, stock),
    )
    _capture(connection, order_id)


def _capture(connection: Connection[Any], order_id: UUID) -> None:
    """Captures once both events are there, whichever came first, and never again."""
    row = connection.execute(
        """
        UPDATE payments SET captured_at = now()
        WHERE order_id = %s AND stock = 'reserved' AND amount_cents IS NOT NULL AND captured_at IS NULL
        RETURNING amount_cents
        """,
        (order_id,),
    ).fetchone()
    if row is not None:
        PaymentCaptured(order_id=order_id, amount_cents=row[0]).tell(connection, PAYMENT_CAPTURED)
