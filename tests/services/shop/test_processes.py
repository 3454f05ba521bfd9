"""Services of the shop as their containers run them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from services.shop.events import SUBSCRIPTIONS
from tests.services.shop.conftest import SERVICES, Environment
from tests.support.emulator import Emulator
from tests.support.eventually import eventually
from tests.support.postgres import TestDatabase
from tests.support.programs import Program, run
from tests.support.rabbitmq import RabbitMq

Start = Callable[[str], Program]


@pytest.fixture
def start(databases: Mapping[str, TestDatabase], broker_environment: Environment, tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:
        logs = (tmp_path / f"{number}.log" for number in range(100))

        def start(name: str) -> Program:
            variables = broker_environment | {"DATABASE_URL": databases[name].url_of(name)}
            return stack.enter_context(Program("shop", name, environment=variables, log=next(logs)))

        yield start


@pytest.mark.parametrize("arguments", [(), ("lost",), ("user", "order")])
def test_a_service_that_does_not_exist_is_answered_with_those_that_do(arguments: tuple[str, ...]) -> None:
    done = run("shop", *arguments)
    assert done.returncode == 1
    assert "{user,product,order,payment,notification,search,inventory}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_missing_variables_are_named_without_a_traceback(name: str) -> None:
    done = run("shop", name)
    assert done.returncode == 1
    assert "BROKER_URL is missing: set this environment variable" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_order_gets_through_while_services_are_killed_and_stopped(
    start: Start, emulator: Emulator, rabbitmq: RabbitMq
) -> None:
    # The only test that uses the queues by their own names: it finds nothing of another's in them.
    running = {name: start(name).ready() for name in ("user", "product", "order", "inventory", "payment")}
    email, password = f"{uuid4().hex}@example.com", uuid4().hex
    user = {"email": email, "name": "Ada", "password": password}
    assert httpx.post(f"{running['user'].url}/users", json=user, timeout=60).status_code == 201
    credentials = {"email": email, "password": password}
    token = httpx.post(f"{running['user'].url}/sessions", json=credentials, timeout=60).json()["token"]
    bearer = {"authorization": f"Bearer {token}"}
    offer = {"name": "Kettle", "price_cents": 100}
    product_id = httpx.post(f"{running['product'].url}/products", json=offer, headers=bearer, timeout=60).json()["id"]

    def stocked() -> bool:
        stock = f"{running['inventory'].url}/inventory/{product_id}"
        return httpx.put(stock, json={"quantity": 5}, headers=bearer, timeout=60).is_success

    eventually(stocked)
    wish = {"product_id": product_id, "quantity": 1}
    running["payment"].kill()
    running["inventory"].stop()
    answers: list[httpx.Response] = []

    def placed() -> bool:
        answers.append(httpx.post(f"{running['order'].url}/orders", json=wish, headers=bearer, timeout=60))
        return answers[-1].status_code == 202

    eventually(placed)
    path = f"/orders/{answers[-1].json()['id']}"
    running["order"].stop()
    again = {name: start(name).ready() for name in ("order", "inventory", "payment", "notification")}

    def status() -> bool:
        order = httpx.get(f"{again['order'].url}{path}", headers=bearer, timeout=60).json()
        assert order["status"] != "rejected"
        return bool(order["status"] == "confirmed")

    eventually(status)
    eventually(lambda: emulator.emails(email))
    (mail,) = emulator.emails(email)
    assert mail["Subject"] == "Your order is confirmed"
    sent = 'order_notifications_total{status="sent"}'
    eventually(lambda: again["notification"].metric(sent) == 1)
    handled = 'events_handled_total{outcome="done",queue="shop.notification",topic="order.confirmed"}'
    eventually(lambda: again["notification"].metric(handled) == 1)
    assert all(rabbitmq.count(subscription.dead_queue) == 0 for subscription in SUBSCRIPTIONS.values())
    for program in (*running.values(), *again.values()):
        for secret in (password, token, email):
            assert secret not in program.output
        assert all(line["service"] == "shop" for line in program.lines)
