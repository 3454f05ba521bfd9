"""Each service of the shop, sent what attacks by somebody who is signed in."""

from collections.abc import Callable, Mapping
from uuid import uuid4

import httpx
import pytest

from services.shop.sessions import Sessions
from tests.services.shop.conftest import SERVICES, Serve
from tests.support.hostile import Asked, left_out, take_no_json, take_sql
from tests.support.postgres import TestDatabase
from tests.support.redis import RedisServer

USER = {"email": "ada@example.com", "name": "Ada", "password": "correct horse"}
# Rows that a service makes of what it hears from others; whoever is signed in has the same id.
PRODUCT = uuid4()
ROWS = {
    "order": "INSERT INTO products (id, name, price_cents) VALUES (%(id)s, 'Teapot', 100)",
    "inventory": "INSERT INTO stock (product_id, offered_by) VALUES (%(id)s, %(id)s)",
    "payment": "INSERT INTO payments (order_id) VALUES (%(id)s)",
    "notification": "INSERT INTO users (id, email, name) VALUES (%(id)s, 'ada@example.com', 'Ada')",
    "search": "INSERT INTO products (id, name, price_cents) VALUES (%(id)s, 'Teapot', 100)",
}


def user(client: httpx.Client, _signed_in: dict[str, str]) -> list[Asked]:
    client.post("/users", json=USER | {"email": "grace@example.com"}).raise_for_status()
    return [
        Asked(method="POST", path="/users", body=USER),
        Asked(method="POST", path="/sessions", body={"email": USER["email"], "password": USER["password"]}),
        Asked(method="DELETE", path="/sessions", headers={"Authorization": f"Bearer {uuid4().hex}"}),
    ]


def product(client: httpx.Client, signed_in: dict[str, str]) -> list[Asked]:
    offer = {"name": "Teapot", "price_cents": 100}
    made = client.post("/products", json=offer, headers=signed_in).json()
    its = {"id": made["id"]}
    return [
        Asked(method="POST", path="/products", headers=signed_in, body=offer),
        Asked(method="GET", path="/products/{id}", values=its),
        Asked(method="PUT", path="/products/{id}/picture", values=its, headers=signed_in),
        Asked(method="GET", path="/products/{id}/picture", values=its),
    ]


def order(_client: httpx.Client, signed_in: dict[str, str]) -> list[Asked]:
    wish = {"product_id": str(PRODUCT), "quantity": 2}
    return [
        Asked(method="POST", path="/orders", headers=signed_in | {"Idempotency-Key": uuid4().hex}, body=wish),
        Asked(method="GET", path="/orders/{id}", values={"id": str(uuid4())}, headers=signed_in),
    ]


def payment(_client: httpx.Client, signed_in: dict[str, str]) -> list[Asked]:
    its = {"order_id": str(uuid4())}
    return [Asked(method="GET", path="/payments/{order_id}", values=its, headers=signed_in)]


def notification(_client: httpx.Client, signed_in: dict[str, str]) -> list[Asked]:
    its = {"order_id": str(uuid4())}
    return [Asked(method="GET", path="/order-notifications/{order_id}", values=its, headers=signed_in)]


def search(_client: httpx.Client, _signed_in: dict[str, str]) -> list[Asked]:
    return [Asked(method="GET", path="/search", query={"q": "teapot"})]


def inventory(_client: httpx.Client, signed_in: dict[str, str]) -> list[Asked]:
    its = {"product_id": str(PRODUCT)}
    return [
        Asked(method="PUT", path="/inventory/{product_id}", values=its, headers=signed_in, body={"quantity": 5}),
        Asked(method="GET", path="/inventory/{product_id}", values=its),
    ]


REQUESTS: Mapping[str, Callable[[httpx.Client, dict[str, str]], list[Asked]]] = {
    each.__name__: each for each in (user, product, order, payment, notification, search, inventory)
}


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(service: str, alone: Serve, databases: Mapping[str, TestDatabase]) -> httpx.Client:
    if service in ROWS:
        with databases[service].connect() as connection:
            connection.execute(ROWS[service].encode(), {"id": PRODUCT})
    return alone(service)


@pytest.fixture
def requests(service: str, client: httpx.Client, redis: RedisServer) -> list[Asked]:
    with redis.connect() as connection:
        token = Sessions(connection).begin(PRODUCT)
    return REQUESTS[service](client, {"Authorization": f"Bearer {token}"})


def test_no_field_is_left_out(client: httpx.Client, requests: list[Asked]) -> None:
    assert left_out(client, requests) == set()


def test_sql_in_every_field_is_text(
    service: str, client: httpx.Client, databases: Mapping[str, TestDatabase], requests: list[Asked]
) -> None:
    assert take_sql(client, databases[service], requests) == []


def test_what_is_no_json_is_refused(
    service: str, client: httpx.Client, databases: Mapping[str, TestDatabase], requests: list[Asked]
) -> None:
    assert take_no_json(client, databases[service], requests) == []
