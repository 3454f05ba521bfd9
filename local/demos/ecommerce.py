"""ecommerce: somebody registers, offers a product with a picture and stock, orders it, and finds it again."""

import base64
import time
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from local.deliveries import emails
from local.demos.stage import Demo, NotYetError, Stage
from local.errors import LocalError

_SERVICES = ("users", "products", "inventory", "orders", "payments", "order-notifications", "search")
# The smallest picture there is: one transparent pixel.
_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def run(stage: Stage) -> None:
    """Let an order pass all seven services, and show what each has of it."""
    stage.wait_until_ready(*(f"/{path}/health" for path in _SERVICES))
    started = time.monotonic()
    email, name = f"ada-{uuid4().hex[:8]}@example.com", f"Kettle {uuid4().hex[:8]}"
    signed_in = _sign_in(stage, email)
    stage.show("user", "registered", email, since=started)
    product = stage.ask("/products", {"name": name, "price_cents": 4200}, headers=signed_in)["id"]
    stage.ask(f"/products/{product}/picture", _PICTURE, method="PUT", headers=signed_in | {"content-type": "image/png"})
    if stage.request(f"/products/{product}/picture").content != _PICTURE:
        raise LocalError(f"the picture of product {product} is not the one that was sent")
    stage.show("product", "offered", f"{name}, with its picture   {stage.api_url}/products/{product}", since=started)
    _stock(stage, product, signed_in)
    order = _ordered(stage, product, signed_in)
    stage.show("order", "confirmed", f"{stage.api_url}/orders/{order}", since=started)
    payment = stage.wait_for("the payment", lambda: _found(stage, f"/payments/{order}", signed_in))
    stage.show("payment", str(payment["status"]), f"{stage.api_url}/payments/{order}", since=started)
    stage.wait_for("the e-mail", lambda: _mailed(stage, email, order))
    stage.show(
        "e-mail", "sent", f"to {email}   see {stage.settings.endpoint_url}/_ministack/ses/messages", since=started
    )
    answer = stage.wait_for("the search to know it", lambda: _searched(stage, name))
    stage.show("search", "found", f"by {answer['engine']}   {stage.api_url}/search?q={quote(name)}", since=started)


def _sign_in(stage: Stage, email: str) -> dict[str, str]:
    password = uuid4().hex
    stage.ask("/users", {"email": email, "name": "Ada", "password": password})
    token = stage.ask("/sessions", {"email": email, "password": password})["token"]
    return {"authorization": f"Bearer {token}"}


def _stock(stage: Stage, product: str, signed_in: dict[str, str]) -> None:
    """Put some of it on stock, which the inventory takes once it has heard of the product."""

    def put() -> Any:
        answer = stage.request(f"/inventory/{product}", {"quantity": 10}, method="PUT", headers=signed_in)
        if not answer.is_success:
            raise NotYetError(f"the inventory answered {answer.status}: {answer.document}")
        return answer.document

    stage.wait_for("the inventory to take the stock", put)


def _ordered(stage: Stage, product: str, signed_in: dict[str, str]) -> str:
    """The id of an order that went through; orders take the price once they have heard of the product."""

    def place() -> str:
        answer = stage.request("/orders", {"product_id": product, "quantity": 1}, headers=signed_in)
        if not answer.is_success:
            raise NotYetError(f"orders answered {answer.status}: {answer.document}")
        return str(answer.document["id"])

    order = stage.wait_for("the order to be taken", place)

    def confirmed() -> bool:
        found = stage.ask(f"/orders/{order}", headers=signed_in)
        if found["status"] == "rejected":
            raise LocalError(f"order {order} was rejected: {found['reason']}; type: make logs")
        if found["status"] != "confirmed":
            raise NotYetError(f"its status is {found['status']}")
        return True

    stage.wait_for(f"order {order} to be confirmed", confirmed)
    return order


def _found(stage: Stage, path: str, signed_in: dict[str, str]) -> Any:
    answer = stage.request(path, headers=signed_in)
    if not answer.is_success:
        raise NotYetError(f"{path} was answered {answer.status}")
    return answer.document


def _mailed(stage: Stage, email: str, order: str) -> bool:
    if not any(email in str(each.get("To")) and order in str(each) for each in emails(stage.settings) or []):
        raise NotYetError(f"nothing about order {order} was sent to {email}")
    return True


def _searched(stage: Stage, name: str) -> Any:
    answer = stage.ask(f"/search?q={quote(name)}")
    if name not in str(answer["items"]):
        raise NotYetError(f"{name} is not among the results")
    return answer


DEMO = Demo(
    name="order",
    doing="ordering something through all seven services",
    run=run,
    https_only_in=frozenset({"prod"}),
)
