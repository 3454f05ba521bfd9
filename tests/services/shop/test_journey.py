"""An order through all seven services."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.broker import Subscription
from tests.services.shop.conftest import SERVICES, Serve
from tests.services.shop.pictures import PNG
from tests.support.emulator import Emulator
from tests.support.eventually import eventually
from tests.support.postgres import TestDatabase
from tests.support.rabbitmq import RabbitMq


def answered(request: Callable[[], httpx.Response], status: int) -> dict[str, Any]:
    """The answer once it has the status."""

    def look() -> dict[str, Any] | None:
        response = request()
        return response.json() if response.status_code == status else None

    return eventually(look)


def nothing_is_left_to_tell(database: TestDatabase) -> bool:
    """The relay lets go of an event once the broker has confirmed it, which may be after it was handled."""
    return not database.rows("SELECT topic, last_error FROM outbox")


class Shopping:
    """Somebody who is signed in."""

    def __init__(self, services: Mapping[str, httpx.Client]) -> None:
        self._services = services
        self.email = f"{uuid4().hex}@example.com"
        password = uuid4().hex
        registration = {"email": self.email, "name": "Ada", "password": password}
        assert services["user"].post("/users", json=registration).status_code == 201
        token = services["user"].post("/sessions", json={"email": self.email, "password": password}).json()["token"]
        for service in services.values():
            service.headers["authorization"] = f"Bearer {token}"

    def offers(self, *, name: str, price_cents: int, quantity: int) -> str:
        created = self._services["product"].post("/products", json={"name": name, "price_cents": price_cents})
        product_id = str(created.json()["id"])
        path, stock = f"/inventory/{product_id}", {"quantity": quantity}
        answered(lambda: self._services["inventory"].put(path, json=stock), 200)
        return product_id

    def orders(self, product_id: str, quantity: int) -> str:
        wish = {"product_id": product_id, "quantity": quantity}
        placed = answered(lambda: self._services["order"].post("/orders", json=wish), 202)
        assert placed["status"] == "placed"
        return str(placed["id"])

    def hears_of(self, order_id: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            order: dict[str, Any] = self._services["order"].get(f"/orders/{order_id}").json()
            return None if order["status"] == "placed" else order

        return eventually(look)


@pytest.fixture
def services(together: Serve) -> Mapping[str, httpx.Client]:
    return {name: together(name) for name in SERVICES}


@pytest.fixture
def shopping(services: Mapping[str, httpx.Client]) -> Shopping:
    return Shopping(services)


def test_an_order_passes_all_seven_services(
    services: Mapping[str, httpx.Client], shopping: Shopping, emulator: Emulator, databases: Mapping[str, TestDatabase]
) -> None:
    name = f"Kettle {uuid4().hex[:8]}"
    product_id = shopping.offers(name=name, price_cents=4205, quantity=5)
    headers = {"content-type": "image/png"}
    picture = f"/products/{product_id}/picture"
    assert services["product"].put(picture, content=PNG, headers=headers).status_code == 204
    assert services["product"].get(picture).content == PNG

    order_id = shopping.orders(product_id, 2)
    order = shopping.hears_of(order_id)
    assert (order["status"], order["total_cents"], order["reason"]) == ("confirmed", 8410, None)
    payment = services["payment"].get(f"/payments/{order_id}").json()
    assert (payment["status"], payment["amount_cents"]) == ("captured", 8410)
    assert services["inventory"].get(f"/inventory/{product_id}").json()["quantity"] == 3

    path = f"/order-notifications/{order_id}"
    eventually(lambda: services["notification"].get(path).json().get("sent_at"))
    (mail,) = emulator.emails(shopping.email)
    assert mail["Subject"] == "Your order is confirmed"
    assert f"{order_id} is confirmed: 2 of {name}, 84.10 in all" in mail["BodyText"]

    found = eventually(lambda: services["search"].get("/search", params={"q": name}).json()["items"])
    assert [each["id"] for each in found] == [product_id]
    for database in databases.values():
        if database.rows("SELECT 1 FROM pg_tables WHERE tablename = 'outbox'"):
            eventually(partial(nothing_is_left_to_tell, database))


def test_an_order_for_more_than_there_is_is_rejected_with_the_reason(
    services: Mapping[str, httpx.Client], shopping: Shopping
) -> None:
    product_id = shopping.offers(name="Kettle", price_cents=100, quantity=1)
    order_id = shopping.orders(product_id, 2)
    order = shopping.hears_of(order_id)
    assert (order["status"], order["reason"]) == ("rejected", "only 1 on stock")
    answer = answered(lambda: services["payment"].get(f"/payments/{order_id}"), 200)
    assert answer["status"] == "cancelled"
    assert services["inventory"].get(f"/inventory/{product_id}").json()["quantity"] == 1


def test_orders_at_once_never_take_more_than_there_is(services: Mapping[str, httpx.Client], shopping: Shopping) -> None:
    product_id = shopping.offers(name="Kettle", price_cents=100, quantity=3)
    orders = [shopping.orders(product_id, 1) for _ in range(6)]
    outcomes = sorted(shopping.hears_of(order_id)["status"] for order_id in orders)
    assert outcomes == ["confirmed"] * 3 + ["rejected"] * 3
    assert services["inventory"].get(f"/inventory/{product_id}").json()["quantity"] == 0


def test_what_is_told_before_a_service_first_runs_reaches_it(
    together: Serve, rabbitmq: RabbitMq, subscriptions: Mapping[str, Subscription]
) -> None:
    early = {name: together(name) for name in ("user", "product", "order")}
    shopping = Shopping(early)
    created = early["product"].post("/products", json={"name": "Kettle", "price_cents": 100})
    order_id = shopping.orders(created.json()["id"], 1)
    queue = subscriptions["inventory"].queue
    # An event whose confirmation came late is there twice.
    eventually(lambda: rabbitmq.count(queue) >= 2)
    together("inventory")
    order = shopping.hears_of(order_id)
    assert (order["status"], order["reason"]) == ("rejected", "nothing on stock")
