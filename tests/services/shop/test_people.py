"""Registering, signing in and out; and what only those may do who are signed in."""

from collections.abc import Callable
from threading import Semaphore
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.shop import passwords
from tests.services.problems import problem
from tests.services.shop.conftest import Connect, Serve, Told
from tests.support.redis import RedisServer

ADA = {"email": "Ada@Example.com", "name": "Ada", "password": "correct horse"}


@pytest.fixture
def users(alone: Serve) -> httpx.Client:
    return alone("user")


def sign_in(users: httpx.Client, **changes: str) -> httpx.Response:
    credentials = {"email": "ada@example.com", "password": ADA["password"]}
    return users.post("/sessions", json=credentials | changes)


def test_who_registers_can_sign_in_and_is_told_of(
    users: httpx.Client, told: Callable[[str], Told], connect: Connect
) -> None:
    answer = users.post("/users", json=ADA)
    assert answer.status_code == 201
    user_id = answer.json()["id"]
    session = sign_in(users)
    assert session.status_code == 201
    assert session.json()["user_id"] == user_id
    assert session.json()["expires_in_seconds"] == 12 * 3600
    assert told("user") == [
        ("user.registered", {"user_id": user_id, "email": "Ada@example.com", "name": "Ada"}),
    ]
    with connect("user") as connection:
        assert "horse" not in str(connection.execute("SELECT * FROM users").fetchall())


def test_an_address_is_registered_once_however_it_is_written(users: httpx.Client, told: Callable[[str], Told]) -> None:
    users.post("/users", json=ADA)
    answer = users.post("/users", json=ADA | {"email": "aDA@example.com"})
    assert "sign in by POST /sessions" in problem(answer, 409)["email"]
    assert len(told("user")) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "ada"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 257}, "password"),
        ({"name": "  "}, "name"),
        ({"name": "A\nda"}, "name"),
        ({"admin": True}, "admin"),
    ],
)
def test_what_is_wrong_with_a_registration_is_told_by_its_field(
    users: httpx.Client, changes: dict[str, Any], field: str
) -> None:
    assert set(problem(users.post("/users", json=ADA | changes), 422)) == {field}


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(users: httpx.Client) -> None:
    users.post("/users", json=ADA)
    wrong, unknown = sign_in(users, password="wrong horse"), sign_in(users, email="bob@example.com")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content
    assert sign_in(users, email="a\0da").status_code == 401


def test_who_registers_at_an_international_domain_signs_in_by_either_form(users: httpx.Client) -> None:
    assert users.post("/users", json=ADA | {"email": "ada@b\u00fccher.example.com"}).status_code == 201
    for written in ("ada@b\u00fccher.example.com", "Ada@xn--bcher-kva.example.com"):
        assert sign_in(users, email=written).status_code == 201


def test_nobody_is_found_by_what_is_no_address(users: httpx.Client) -> None:
    users.post("/users", json=ADA)
    for written in ("", "a\0da@example.com", "ada@example.com\0"):
        assert sign_in(users, email=written).status_code == 401


def test_who_would_wait_long_for_a_password_check_is_told_to_come_back(
    users: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    users.post("/users", json=ADA)
    with monkeypatch.context() as busy:
        busy.setattr(passwords, "_AT_A_TIME", Semaphore(0))
        busy.setattr(passwords, "_WAIT_SECONDS", 0.1)
        for answer in (sign_in(users), users.post("/users", json=ADA | {"email": "bob@example.com"})):
            assert "at this moment" in answer.json()["detail"]
            problem(answer, 503)
            assert int(answer.headers["retry-after"]) > 0
    assert sign_in(users).status_code == 201


def test_who_signs_out_is_out_everywhere(users: httpx.Client, alone: Serve) -> None:
    users.post("/users", json=ADA)
    products = alone("product")
    bearer = {"authorization": f"Bearer {sign_in(users).json()['token']}"}
    offer = {"name": "Kettle", "price_cents": 1}
    assert products.post("/products", json=offer, headers=bearer).status_code == 201
    assert users.delete("/sessions", headers=bearer).status_code == 204
    answer = products.post("/products", json=offer, headers=bearer)
    assert "sign in again" in problem(answer, 401)["Authorization"]
    assert answer.headers["www-authenticate"] == "Bearer"
    problem(users.delete("/sessions", headers=bearer), 401)


@pytest.mark.parametrize(
    ("service", "method", "path", "content"),
    [
        ("user", "DELETE", "/sessions", None),
        ("product", "POST", "/products", {"name": "Kettle", "price_cents": 1}),
        ("product", "PUT", "/products/{id}/picture", {}),
        ("inventory", "PUT", "/inventory/{id}", {"quantity": 1}),
        ("order", "POST", "/orders", {"product_id": "{id}", "quantity": 1}),
        ("order", "GET", "/orders/{id}", None),
        ("payment", "GET", "/payments/{id}", None),
        ("notification", "GET", "/order-notifications/{id}", None),
    ],
)
def test_without_a_session_there_is_no_way_in(
    alone: Serve, service: str, method: str, path: str, content: dict[str, Any] | None
) -> None:
    client = alone(service)
    known = str(uuid4())
    body = None if content is None else {name: known if value == "{id}" else value for name, value in content.items()}
    answer = client.request(method, path.format(id=known), json=body)
    assert "is missing" in problem(answer, 401)["Authorization"]
    made_up = {"authorization": "Bearer made-up"}
    answer = client.request(method, path.format(id=known), json=body, headers=made_up)
    assert "sign in again" in problem(answer, 401)["Authorization"]


def test_without_redis_there_are_no_sessions_and_reading_goes_on(alone: Serve, redis: RedisServer) -> None:
    users, inventory = alone("user"), alone("inventory")
    users.post("/users", json=ADA)
    bearer = {"authorization": f"Bearer {sign_in(users).json()['token']}"}
    redis.stop()
    put = inventory.put(f"/inventory/{uuid4()}", json={"quantity": 1}, headers=bearer)
    assert problem(put, 503) == {"sessions": "is not available"}
    assert problem(sign_in(users), 503) == {"sessions": "is not available"}
    assert problem(inventory.get("/ready"), 503) == {"sessions": "is not available"}
    problem(inventory.get(f"/inventory/{uuid4()}"), 404)
