"""Products, their pictures, their stock, and orders of them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import boto3
import httpx
import pytest

from services.shop import inventory as inventory_service
from services.shop import order as order_service
from services.shop.events import ORDER_PLACED, PRODUCT_CREATED, ProductCreated
from services.shop.pictures import MAX_BYTES
from services.shop.sessions import Sessions
from tests.services.problems import problem
from tests.services.shop.conftest import Connect, Environment, Serve, Told
from tests.services.shop.facts import event
from tests.services.shop.pictures import JPEG, PNG, WEBP
from tests.support.redis import RedisServer

OFFER = {"name": "Kettle", "price_cents": 4200}
Headers = dict[str, str]


@pytest.fixture
def ada() -> UUID:
    return uuid4()


@pytest.fixture
def bearer(redis: RedisServer) -> Callable[[UUID], Headers]:
    def of(user: UUID) -> Headers:
        with redis.connect() as connection:
            return {"authorization": f"Bearer {Sessions(connection).begin(user)}"}

    return of


@pytest.fixture
def as_ada(alone: Serve, ada: UUID, bearer: Callable[[UUID], Headers]) -> Callable[[str], httpx.Client]:
    """A client of a service, signed in."""

    def serve(name: str) -> httpx.Client:
        client = alone(name)
        client.headers.update(bearer(ada))
        return client

    return serve


@pytest.fixture
def known(connect: Connect, ada: UUID) -> ProductCreated:
    """A product that inventory and order have heard of."""
    product = ProductCreated(product_id=uuid4(), user_id=ada, name="Kettle", price_cents=4200)
    for name, know in (("inventory", inventory_service.know), ("order", order_service.know)):
        with connect(name) as connection:
            know(connection, event(PRODUCT_CREATED, product))
    return product


def test_an_offer_is_shown_and_told_of(
    as_ada: Callable[[str], httpx.Client], told: Callable[[str], Told], ada: UUID
) -> None:
    products = as_ada("product")
    created = products.post("/products", json=OFFER)
    product_id = created.json()["id"]
    assert (created.status_code, created.headers["location"]) == (201, f"/products/{product_id}")
    shown = products.get(f"/products/{product_id}").json()
    assert shown.pop("created_at")
    assert shown == {"id": product_id, "offered_by": str(ada), **OFFER, "picture_type": None}
    assert told("product") == [("product.created", {"product_id": product_id, "user_id": str(ada), **OFFER})]
    problem(products.get(f"/products/{uuid4()}"), 404)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"price_cents": -1}, "price_cents"),
        ({"price_cents": 1.5}, "price_cents"),
        ({"price_cents": "12"}, "price_cents"),
        ({"price_cents": 10**11 + 1}, "price_cents"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
    ],
)
def test_what_is_wrong_with_an_offer_is_told_by_its_field(
    as_ada: Callable[[str], httpx.Client], changes: dict[str, Any], field: str
) -> None:
    assert set(problem(as_ada("product").post("/products", json=OFFER | changes), 422)) == {field}


@pytest.mark.parametrize(("content", "kind"), [(PNG, "image/png"), (JPEG, "image/jpeg"), (WEBP, "image/webp")])
def test_a_picture_comes_back_as_it_was_sent(
    as_ada: Callable[[str], httpx.Client], content: bytes, kind: str, environment: Environment
) -> None:
    products = as_ada("product")
    path = f"/products/{products.post('/products', json=OFFER).json()['id']}"
    problem(products.get(f"{path}/picture"), 404)
    assert products.get(path).json()["picture_type"] is None
    assert products.put(f"{path}/picture", content=content, headers={"content-type": kind}).status_code == 204
    assert products.get(path).json()["picture_type"] == kind, "not the answer from before, out of the cache"
    answer = products.get(f"{path}/picture", headers={"authorization": ""})
    assert (answer.content, answer.headers["content-type"]) == (content, kind)
    assert answer.headers["x-content-type-options"] == "nosniff"
    stored = boto3.client("s3").list_objects_v2(Bucket=environment["MEDIA_BUCKET"])["Contents"]
    assert [each["Key"] for each in stored] == [f"{path[1:]}/picture"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (PNG, "image/jpeg", 422),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png", 422),
        (b"", "image/png", 422),
        (b"RIFF\0\0\0\0WAVE", "image/webp", 422),
        (PNG, "image/gif", 415),
        (PNG, "", 415),
        (PNG, "image/png; a*=x; a*0=y", 415),
        (PNG + bytes(MAX_BYTES), "image/png", 413),
    ],
)
def test_what_is_no_picture_is_refused(
    as_ada: Callable[[str], httpx.Client], content: bytes, kind: str, status: int
) -> None:
    products = as_ada("product")
    path = f"/products/{products.post('/products', json=OFFER).json()['id']}/picture"
    assert problem(products.put(path, content=content, headers={"content-type": kind}), status)
    problem(products.get(path), 404)


def test_a_picture_may_have_a_mebibyte(as_ada: Callable[[str], httpx.Client]) -> None:
    products = as_ada("product")
    path = f"/products/{products.post('/products', json=OFFER).json()['id']}/picture"
    content = PNG + bytes(MAX_BYTES - len(PNG))
    assert products.put(path, content=content, headers={"content-type": "image/png"}).status_code == 204


def test_others_cannot_change_what_somebody_offers(
    as_ada: Callable[[str], httpx.Client], bearer: Callable[[UUID], Headers], known: ProductCreated
) -> None:
    products, inventory = as_ada("product"), as_ada("inventory")
    path = f"/products/{products.post('/products', json=OFFER).json()['id']}/picture"
    bob = bearer(uuid4())
    problem(products.put(path, content=PNG, headers=bob | {"content-type": "image/png"}), 403)
    problem(inventory.put(f"/inventory/{known.product_id}", json={"quantity": 1}, headers=bob), 403)


def test_stock_is_set_and_shown(as_ada: Callable[[str], httpx.Client], known: ProductCreated) -> None:
    inventory = as_ada("inventory")
    path = f"/inventory/{known.product_id}"
    assert inventory.get(path).json() == {"product_id": str(known.product_id), "quantity": 0}
    assert inventory.put(path, json={"quantity": 7}).json()["quantity"] == 7
    assert inventory.get(path).json()["quantity"] == 7
    assert set(problem(inventory.put(path, json={"quantity": -1}), 422)) == {"quantity"}


def test_what_is_not_known_yet_is_told_with_what_to_do(as_ada: Callable[[str], httpx.Client]) -> None:
    unknown = uuid4()
    stock = as_ada("inventory").put(f"/inventory/{unknown}", json={"quantity": 7})
    assert "try again in a moment" in problem(stock, 409)["product_id"]
    order = as_ada("order").post("/orders", json={"product_id": str(unknown), "quantity": 1})
    assert "try again in a moment" in problem(order, 409)["product_id"]


def test_an_order_is_taken_at_the_price_that_is_known(
    as_ada: Callable[[str], httpx.Client], known: ProductCreated, told: Callable[[str], Told], ada: UUID
) -> None:
    orders = as_ada("order")
    answer = orders.post("/orders", json={"product_id": str(known.product_id), "quantity": 3})
    order_id = answer.json()["id"]
    assert (answer.status_code, answer.json()["status"]) == (202, "placed")
    assert answer.headers["location"] == f"/orders/{order_id}"
    shown = orders.get(f"/orders/{order_id}").json()
    assert (shown["status"], shown["quantity"], shown["total_cents"]) == ("placed", 3, 12600)
    ((topic, payload),) = told("order")
    assert topic == ORDER_PLACED
    assert payload == {
        "order_id": order_id,
        "user_id": str(ada),
        "product_id": str(known.product_id),
        "quantity": 3,
        "total_cents": 12600,
    }


def test_an_order_sent_again_under_its_key_is_the_same_order(
    as_ada: Callable[[str], httpx.Client],
    known: ProductCreated,
    told: Callable[[str], Told],
    bearer: Callable[[UUID], Headers],
) -> None:
    orders = as_ada("order")
    wish = {"product_id": str(known.product_id), "quantity": 1}
    key = {"idempotency-key": "once"}
    first = orders.post("/orders", json=wish, headers=key).json()
    assert orders.post("/orders", json=wish, headers=key).json() == first
    assert len(told("order")) == 1
    assert "Idempotency-Key" in problem(orders.post("/orders", json=wish | {"quantity": 2}, headers=key), 422)
    others = orders.post("/orders", json=wish, headers=key | bearer(uuid4())).json()
    assert others["id"] != first["id"]


def test_orders_are_their_owners_affair(
    as_ada: Callable[[str], httpx.Client], known: ProductCreated, bearer: Callable[[UUID], Headers]
) -> None:
    orders = as_ada("order")
    placed = orders.post("/orders", json={"product_id": str(known.product_id), "quantity": 1}).json()
    path = f"/orders/{placed['id']}"
    assert orders.get(path).status_code == 200
    problem(orders.get(path, headers=bearer(uuid4())), 404)
