"""The API of schedules, sent what attacks."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.planning.api.app import create_app
from services.settings import PlanningApiSettings
from tests.support.hostile import Asked, left_out, take_no_json, take_sql
from tests.support.postgres import TestDatabase
from tests.support.serving import client_of, serving

SCHEDULE: dict[str, Any] = {
    "channel": "email",
    "recipient": "ada@example.com",
    "subject": "Hello",
    "body": "Dear {name}",
    "values": {"name": "Ada"},
    "send_at": "2030-01-31T12:00:00Z",
    "every_seconds": 60,
    "count": 3,
}


@pytest.fixture
def client(environment: dict[str, str]) -> Iterator[httpx.Client]:
    with (
        serving(create_app(PlanningApiSettings.from_environment(environment))) as url,
        client_of(url) as client,
    ):
        yield client


@pytest.fixture
def requests(client: httpx.Client) -> list[Asked]:
    answer = client.post("/schedules", json=SCHEDULE)
    assert answer.is_success, answer.text
    # One that is not there: what is deleted on purpose would be missing afterwards.
    elsewhere = {"id": str(uuid4())}
    return [
        Asked(method="POST", path="/schedules", headers={"Idempotency-Key": uuid4().hex}, body=SCHEDULE),
        Asked(method="GET", path="/schedules/{id}", values={"id": answer.json()["id"]}),
        Asked(method="DELETE", path="/schedules/{id}", values=elsewhere),
    ]


def test_no_field_is_left_out(client: httpx.Client, requests: list[Asked]) -> None:
    assert left_out(client, requests) == set()


def test_sql_in_every_field_is_text(client: httpx.Client, database: TestDatabase, requests: list[Asked]) -> None:
    assert take_sql(client, database, requests) == []


def test_what_is_no_json_is_refused(client: httpx.Client, database: TestDatabase, requests: list[Asked]) -> None:
    assert take_no_json(client, database, requests) == []
