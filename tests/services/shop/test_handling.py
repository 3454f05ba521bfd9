"""Events that come twice, out of turn, or not as they should."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from services.events import Event
from services.failures import PermanentError, TransientError
from services.shop import inventory, order, payment
from services.shop.events import (
    INVENTORY_REJECTED,
    INVENTORY_RESERVED,
    ORDER_CONFIRMED,
    ORDER_PLACED,
    PAYMENT_CAPTURED,
    PRODUCT_CREATED,
    Connections,
    Handler,
    StockDecided,
    handling,
)
from tests.services.shop.conftest import Connect, Told
from tests.services.shop.facts import ADA, CAPTURED, CONFIRMED, ORDER, PRODUCT, RESERVED, event


@pytest.fixture
def handler(connections: Callable[[str], Connections]) -> Callable[[str], Callable[[Event], None]]:
    handlers: dict[str, dict[str, Handler]] = {
        "inventory": {PRODUCT_CREATED: inventory.know, ORDER_PLACED: inventory.reserve},
        "payment": {
            ORDER_PLACED: payment.note_order,
            INVENTORY_RESERVED: payment.note_reserved,
            INVENTORY_REJECTED: payment.note_rejected,
        },
        "order": {PRODUCT_CREATED: order.know, INVENTORY_REJECTED: order.reject, PAYMENT_CAPTURED: order.confirm},
    }
    return lambda name: handling(connections(name), handlers[name])


def stock(connect: Connect, quantity: int | None = None) -> int:
    with connect("inventory") as connection:
        if quantity is not None:
            connection.execute("UPDATE stock SET quantity = %s", (quantity,))
        ((left,),) = connection.execute("SELECT quantity FROM stock").fetchall()
        return int(left)


def test_goods_are_set_aside_once_however_often_the_order_comes(
    handler: Callable[[str], Callable[[Event], None]], connect: Connect, told: Callable[[str], Told]
) -> None:
    handle = handler("inventory")
    handle(event(PRODUCT_CREATED, PRODUCT))
    stock(connect, 5)
    placed = event(ORDER_PLACED, ORDER)
    # The same event again, and the same order in another one.
    for it in (placed, placed, event(ORDER_PLACED, ORDER), event(PRODUCT_CREATED, PRODUCT)):
        handle(it)
    assert stock(connect) == 3
    assert [topic for topic, _ in told("inventory")] == [INVENTORY_RESERVED]


def test_an_order_before_its_product_waits_for_it(
    handler: Callable[[str], Callable[[Event], None]], connect: Connect, told: Callable[[str], Told]
) -> None:
    handle = handler("inventory")
    placed = event(ORDER_PLACED, ORDER)
    with pytest.raises(TransientError, match="not known yet"):
        handle(placed)
    assert told("inventory") == []
    handle(event(PRODUCT_CREATED, PRODUCT))
    stock(connect, 2)
    handle(placed)
    assert stock(connect) == 0


def test_an_order_whose_product_never_comes_is_rejected_once(connect: Connect, told: Callable[[str], Told]) -> None:
    placed = event(ORDER_PLACED, ORDER)
    for _ in range(2):
        with connect("inventory") as connection, connection.transaction():
            inventory.reject_for_good(connection, placed)
    ((topic, payload),) = told("inventory")
    assert topic == INVENTORY_REJECTED
    assert payload == {"order_id": str(ORDER.order_id), "reason": "the inventory does not know the product"}


@pytest.mark.parametrize("turned", [False, True], ids=["in turn", "out of turn"])
def test_an_order_is_captured_once_in_whichever_order_the_events_come(
    turned: bool,  # pytest passes by name
    handler: Callable[[str], Callable[[Event], None]],
    told: Callable[[str], Told],
) -> None:
    events = [event(ORDER_PLACED, ORDER), event(INVENTORY_RESERVED, RESERVED)]
    handle = handler("payment")
    for it in reversed(events) if turned else events:
        assert told("payment") == []
        handle(it)
    for it in [*events, event(ORDER_PLACED, ORDER), event(INVENTORY_RESERVED, RESERVED)]:
        handle(it)
    assert told("payment") == [
        (PAYMENT_CAPTURED, {"order_id": str(ORDER.order_id), "amount_cents": 200}),
    ]


def test_what_is_rejected_is_never_captured(
    handler: Callable[[str], Callable[[Event], None]], told: Callable[[str], Told]
) -> None:
    handle = handler("payment")
    handle(event(INVENTORY_REJECTED, StockDecided(order_id=ORDER.order_id, reason="nothing on stock")))
    handle(event(ORDER_PLACED, ORDER))
    handle(event(INVENTORY_RESERVED, RESERVED))
    assert told("payment") == []


def test_an_order_is_confirmed_once_and_then_stays_so(
    handler: Callable[[str], Callable[[Event], None]], connect: Connect, told: Callable[[str], Told]
) -> None:
    handle = handler("order")
    handle(event(PRODUCT_CREATED, PRODUCT))
    with connect("order") as connection:
        connection.execute(
            "INSERT INTO orders (id, user_id, product_id, quantity, total_cents) VALUES (%s, %s, %s, 2, 200)",
            (ORDER.order_id, ADA, PRODUCT.product_id),
        )
    for _ in range(2):
        handle(event(PAYMENT_CAPTURED, CAPTURED))
    handle(event(INVENTORY_REJECTED, StockDecided(order_id=ORDER.order_id, reason="late")))
    with connect("order") as connection:
        assert connection.execute("SELECT status, reason FROM orders").fetchall() == [("confirmed", None)]
    assert told("order") == [(ORDER_CONFIRMED, CONFIRMED.model_dump(mode="json"))]


def test_a_handler_that_fails_leaves_nothing_behind_and_may_try_again(
    connections: Callable[[str], Connections], connect: Connect
) -> None:
    attempts: list[Event] = []

    def fail_once(connection: psycopg.Connection[Any], it: Event) -> None:
        attempts.append(it)
        inventory.know(connection, it)
        if len(attempts) == 1:
            raise RuntimeError

    handle = handling(connections("inventory"), {PRODUCT_CREATED: fail_once})
    created = event(PRODUCT_CREATED, PRODUCT)
    with pytest.raises(RuntimeError):
        handle(created)
    with connect("inventory") as connection:
        assert connection.execute("SELECT count(*) FROM stock").fetchone() == (0,)
    handle(created)
    handle(created)
    assert len(attempts) == 2


def test_what_cannot_be_read_is_for_the_dead_letters_and_repeats_no_value(
    handler: Callable[[str], Callable[[Event], None]],
) -> None:
    malformed = Event(id=uuid4(), topic=ORDER_PLACED, payload={"order_id": "hunter2"})
    with pytest.raises(PermanentError, match=r"order\.placed is malformed: see order_id, user_id") as raised:
        handler("inventory")(malformed)
    assert "hunter2" not in str(raised.value)
    with pytest.raises(PermanentError, match=r"nothing here handles order\.lost"):
        handler("inventory")(Event(id=uuid4(), topic="order.lost", payload={}))
