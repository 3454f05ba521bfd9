"""The tickets, sent what attacks."""

from uuid import uuid4

import httpx
import pytest

from tests.support.hostile import Asked, left_out, take_no_json, take_sql
from tests.support.postgres import TestDatabase

TICKET = {"subject": "Printer", "description": "It is on fire.", "chat": "@support"}


@pytest.fixture
def requests(client: httpx.Client) -> list[Asked]:
    taken_in = client.post("/tickets", json=TICKET).json()["id"]
    return [
        Asked(method="POST", path="/tickets", headers={"Idempotency-Key": uuid4().hex}, body=TICKET),
        Asked(method="GET", path="/tickets", query={"status": "open", "limit": "5", "cursor": ""}),
        Asked(method="GET", path="/tickets/{id}", values={"id": taken_in}),
    ]


def test_no_field_is_left_out(client: httpx.Client, requests: list[Asked]) -> None:
    assert left_out(client, requests) == set()


def test_sql_in_every_field_is_text(client: httpx.Client, database: TestDatabase, requests: list[Asked]) -> None:
    assert take_sql(client, database, requests) == []


def test_what_is_no_json_is_refused(client: httpx.Client, database: TestDatabase, requests: list[Asked]) -> None:
    assert take_no_json(client, database, requests) == []
