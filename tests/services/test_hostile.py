"""The API of notifications, sent what attacks."""

from uuid import uuid4

import httpx
import pytest

from tests.support.hostile import Asked, left_out, take_no_json, take_sql
from tests.support.postgres import TestDatabase

CONTENT = {"channel": "email", "recipient": "ada@example.com", "subject": "Hello", "body": "World"}


@pytest.fixture
def requests(api: httpx.Client) -> list[Asked]:
    taken_in = api.post("/notifications", json=CONTENT).json()["id"]
    key = {"Idempotency-Key": uuid4().hex}
    times = {"created_after": "2026-01-31T12:00:00Z", "created_before": "2026-02-28T12:00:00Z"}
    return [
        Asked(method="POST", path="/notifications", headers=key, body=CONTENT),
        Asked(method="POST", path="/notifications", body=CONTENT | {"channel": "webhook", "recipient": "https://a.de"}),
        Asked(method="POST", path="/notifications", body=CONTENT | {"channel": "sms", "recipient": "+14155550123"}),
        Asked(method="POST", path="/notifications", body=CONTENT | {"channel": "telegram", "recipient": "@support"}),
        Asked(
            method="GET",
            path="/notifications",
            query={"status": "queued", "channel": "sms", "limit": "5", "cursor": ""},
        ),
        Asked(method="GET", path="/notifications/{id}", values={"id": taken_in}),
        Asked(method="POST", path="/notifications/{id}/replay", values={"id": taken_in}),
        Asked(method="POST", path="/notifications/replay", body={"limit": 1, "channel": "sms", **times}),
    ]


def test_no_field_is_left_out(api: httpx.Client, requests: list[Asked]) -> None:
    assert left_out(api, requests) == set()


def test_sql_in_every_field_is_text(api: httpx.Client, database: TestDatabase, requests: list[Asked]) -> None:
    assert take_sql(api, database, requests) == []


def test_what_is_no_json_is_refused(api: httpx.Client, database: TestDatabase, requests: list[Asked]) -> None:
    assert take_no_json(api, database, requests) == []
