"""order: people order what they know the price of, and learn what became of it."""

from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, FastAPI, Response
from psycopg import Connection
from psycopg.rows import class_row
from pydantic import BaseModel, Field

from services.events import Event
from services.serving.idempotency import IdempotencyKey, key_reused
from services.serving.json_route import JsonRoute
from services.serving.problems import ProblemError, documented
from services.serving.state import PoolOfApp
from services.settings import SessionSettings
from services.shop.access import User
from services.shop.assembly import SignedInAssembly
from services.shop.events import (
    INVENTORY_REJECTED,
    ORDER_CONFIRMED,
    ORDER_PLACED,
    PAYMENT_CAPTURED,
    PRODUCT_CREATED,
    OrderConfirmed,
    OrderPlaced,
    PaymentCaptured,
    ProductCreated,
    StockDecided,
    handling,
)
from services.shop.fields import Document, Whole

router = APIRouter(route_class=JsonRoute)

_MAX_QUANTITY = 1000


class Status(StrEnum):
    """Where an order stands."""

    PLACED = "placed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class Wish(Document):
    """So many of something, at the price it has now."""

    product_id: UUID
    quantity: Annotated[Whole, Field(ge=1, le=_MAX_QUANTITY)]


class Receipt(BaseModel):
    """The order was taken; whether it goes through is told by GET /orders/{id}."""

    id: UUID
    status: Status


class Order(BaseModel):
    """An order. reason: why it was rejected."""

    id: UUID
    product_id: UUID
    quantity: int
    total_cents: int
    status: Status
    reason: str | None
    created_at: datetime


_COLUMNS = "id, product_id, quantity, total_cents, status, reason, created_at"


def create_app(settings: SessionSettings) -> FastAPI:
    """The application."""
    parts = SignedInAssembly(settings, "order")
    handlers = {PRODUCT_CREATED: know, INVENTORY_REJECTED: reject, PAYMENT_CAPTURED: confirm}
    return parts.app(
        description="What people have ordered.",
        router=router,
        tasks=[parts.telling(), *parts.listening(handling(parts.pool.connection, handlers))],
    )


@router.post(
    "/orders",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
def place_order(
    wish: Wish, user: User, pool: PoolOfApp, response: Response, idempotency_key: IdempotencyKey = None
) -> Receipt:
    """Takes an order; the inventory and the payment have their say soon after."""
    with pool.connection() as connection, connection.transaction():
        order = _place(connection, wish, user, idempotency_key)
    response.headers["Location"] = f"/orders/{order.id}"
    return Receipt(id=order.id, status=order.status)


@router.get(
    "/orders/{id}",
    responses=documented(
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
def get_order(id: UUID, user: User, pool: PoolOfApp) -> Order:  # noqa: A002  # the parameter's public name
    """Tells how one's own order stands."""
    with pool.connection() as connection, connection.cursor(row_factory=class_row(Order)) as cursor:
        order = cursor.execute(
            f"SELECT {_COLUMNS} FROM orders WHERE id = %s AND user_id = %s",  # noqa: S608  # constant text
            (id, user),
        ).fetchone()
    if order is None:
        raise ProblemError(
            HTTPStatus.NOT_FOUND, f"there is no order {id} of yours", errors={"id": "names no order of yours"}
        )
    return order


def _place(connection: Connection[Any], wish: Wish, user: UUID, key: str | None) -> Order:
    row = connection.execute("SELECT price_cents FROM products WHERE id = %s", (wish.product_id,)).fetchone()
    if row is None:
        raise ProblemError(
            HTTPStatus.CONFLICT,
            f"nothing is known here of product {wish.product_id}",
            errors={"product_id": "has no known price yet: try again in a moment, or see GET /products/{id}"},
        )
    total_cents = row[0] * wish.quantity
    with connection.cursor(row_factory=class_row(Order)) as cursor:
        order = cursor.execute(
            f"""
            INSERT INTO orders (id, user_id, idempotency_key, product_id, quantity, total_cents)
            VALUES (%s, %s, %s, %s, %s, %s)
            ON CONFLICT DO NOTHING RETURNING {_COLUMNS}
            """,  # noqa: S608  # constant text
            (uuid4(), user, key, wish.product_id, wish.quantity, total_cents),
        ).fetchone()
        if order is None:
            return _placed_before(
                cursor.execute(
                    f"SELECT {_COLUMNS} FROM orders WHERE user_id = %s AND idempotency_key = %s",  # noqa: S608
                    (user, key),
                ).fetchone(),
                wish,
            )
    OrderPlaced(
        order_id=order.id,
        user_id=user,
        product_id=wish.product_id,
        quantity=wish.quantity,
        total_cents=total_cents,
    ).tell(connection, ORDER_PLACED)
    return order


def _placed_before(order: Order | None, wish: Wish) -> Order:
    if order is None or (order.product_id, order.quantity) != (wish.product_id, wish.quantity):
        raise key_reused("order")
    return order


def know(connection: Connection[Any], event: Event) -> None:
    """Takes down the price of a product."""
    product = ProductCreated.of(event)
    connection.execute(
        "INSERT INTO products (id, name, price_cents) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (product.product_id, product.name, product.price_cents),
    )


def reject(connection: Connection[Any], event: Event) -> None:
    """Ends an order that the inventory has nothing for."""
    decided = StockDecided.of(event)
    connection.execute(
        """
        UPDATE orders SET status = 'rejected', reason = %s, updated_at = now() WHERE id = %s AND status = 'placed'
        """,
        (decided.reason or "the inventory rejected it", decided.order_id),
    )


def confirm(connection: Connection[Any], event: Event) -> None:
    """Confirms an order that is paid, once."""
    row = connection.execute(
        """
        UPDATE orders SET status = 'confirmed', updated_at = now() FROM products
        WHERE orders.id = %s AND status = 'placed' AND products.id = product_id
        RETURNING orders.id, user_id, name, quantity, total_cents
        """,
        (PaymentCaptured.of(event).order_id,),
    ).fetchone()
    if row is not None:
        order_id, user_id, name, quantity, total_cents = row
        OrderConfirmed(
            order_id=order_id, user_id=user_id, product_name=name, quantity=quantity, total_cents=total_cents
        ).tell(connection, ORDER_CONFIRMED)
