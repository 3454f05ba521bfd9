"""inventory: how much there is of everything, and who it is set aside for."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, FastAPI
from psycopg import Connection
from pydantic import BaseModel, Field

from services import inbox
from services.events import Event
from services.failures import PermanentError, TransientError
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
    PRODUCT_CREATED,
    OrderPlaced,
    ProductCreated,
    StockDecided,
    handling,
)
from services.shop.fields import MAX_QUANTITY, Document, Whole

router = APIRouter(route_class=JsonRoute)


class Stock(Document):
    """How many can be ordered from now on, whatever was said before."""

    quantity: Annotated[Whole, Field(ge=0, le=MAX_QUANTITY)]


class StockView(BaseModel):
    """How many can still be ordered."""

    product_id: UUID
    quantity: int


def create_app(settings: SessionSettings) -> FastAPI:
    """The application."""
    parts = SignedInAssembly(settings, "inventory")

    def give_up(event: Event, _: str) -> None:
        """Lets nobody wait for an order whose product never became known."""
        if event.topic == ORDER_PLACED:
            with parts.pool.connection() as connection, connection.transaction():
                reject_for_good(connection, event)

    handle = handling(parts.pool.connection, {PRODUCT_CREATED: know, ORDER_PLACED: reserve})
    return parts.app(
        description="What is on stock.",
        router=router,
        tasks=[parts.telling(), *parts.listening(handle, give_up=give_up)],
    )


@router.put(
    "/inventory/{product_id}",
    responses=documented(
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
def put_stock(product_id: UUID, content: Stock, user: User, pool: PoolOfApp) -> StockView:
    """Says how much there is of a product; only who offers it may."""
    with pool.connection() as connection, connection.transaction():
        row = connection.execute(
            "SELECT offered_by FROM stock WHERE product_id = %s FOR UPDATE", (product_id,)
        ).fetchone()
        if row is None:
            raise ProblemError(
                HTTPStatus.CONFLICT,
                f"the inventory has not heard of product {product_id}",
                errors={"product_id": "is not known yet: try again in a moment, or offer it first by POST /products"},
            )
        if row[0] != user:
            raise ProblemError(HTTPStatus.FORBIDDEN, "only who offers a product says how much there is of it")
        connection.execute(
            "UPDATE stock SET quantity = %s, updated_at = now() WHERE product_id = %s", (content.quantity, product_id)
        )
    return StockView(product_id=product_id, quantity=content.quantity)


@router.get(
    "/inventory/{product_id}",
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
)
def get_stock(product_id: UUID, pool: PoolOfApp) -> StockView:
    """Tells how many of a product can still be ordered."""
    with pool.connection() as connection:
        row = connection.execute("SELECT quantity FROM stock WHERE product_id = %s", (product_id,)).fetchone()
    if row is None:
        raise ProblemError(
            HTTPStatus.NOT_FOUND,
            f"the inventory has not heard of product {product_id}",
            errors={"product_id": "names no known product"},
        )
    return StockView(product_id=product_id, quantity=row[0])


def know(connection: Connection[Any], event: Event) -> None:
    """Begins with nothing on stock."""
    product = ProductCreated.of(event)
    connection.execute(
        "INSERT INTO stock (product_id, offered_by) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (product.product_id, product.user_id),
    )


def reserve(connection: Connection[Any], event: Event) -> None:
    """Sets an order's goods aside, once, or says that there are not enough.

    Raises TransientError while the product is unknown: its own event is then still on its way.
    """
    order = OrderPlaced.of(event)
    row = connection.execute(
        "SELECT quantity FROM stock WHERE product_id = %s FOR UPDATE", (order.product_id,)
    ).fetchone()
    if row is None:
        raise TransientError(f"product {order.product_id} is not known yet")
    if row[0] < order.quantity:
        reason = f"only {row[0]} on stock" if row[0] else "nothing on stock"
        StockDecided(order_id=order.order_id, reason=reason).tell(connection, INVENTORY_REJECTED)
        return
    reserved = connection.execute(
        "INSERT INTO reservations (order_id, product_id, quantity) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (order.order_id, order.product_id, order.quantity),
    )
    if reserved.rowcount:
        connection.execute(
            "UPDATE stock SET quantity = quantity - %s, updated_at = now() WHERE product_id = %s",
            (order.quantity, order.product_id),
        )
        StockDecided(order_id=order.order_id).tell(connection, INVENTORY_RESERVED)


def reject_for_good(connection: Connection[Any], event: Event) -> None:
    """Says of an order that could not be handled that it will not be."""
    try:
        order = OrderPlaced.of(event)
    except PermanentError:
        # Nobody can tell whose order it was.
        return
    if inbox.once(connection, event.id):
        reason = "the inventory does not know the product"
        StockDecided(order_id=order.order_id, reason=reason).tell(connection, INVENTORY_REJECTED)
