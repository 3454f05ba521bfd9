"""Replaying by the API: what failed is queued once more, however often it is asked for."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from psycopg.errors import QueryCanceled

from services import store_replay
from tests.services.conftest import Queued
from tests.services.problems import problem
from tests.support.postgres import TestDatabase

SMS = {"channel": "sms", "recipient": "+14155550123", "body": "World"}
EMAIL = {"channel": "email", "recipient": "ada@example.com", "body": "World"}


def post(api: httpx.Client, content: dict[str, str] = SMS) -> str:
    return str(api.post("/notifications", json=content).json()["id"])


def fail_all(database: TestDatabase, queued: Queued) -> int:
    """Has all that were queued fail; returns how many messages there have been by then."""
    count = len(queued())
    with database.connect() as connection:
        connection.execute("UPDATE notifications SET status = 'failed', attempts = 1, last_error = '410 Gone'")
    return count


def of(messages: list[dict[str, Any]]) -> list[str]:
    return [json.loads(message["Body"])["id"] for message in messages]


def test_what_failed_is_queued_again_once(api: httpx.Client, queued: Queued, database: TestDatabase) -> None:
    identifier = post(api)
    fail_all(database, queued)
    for _ in range(3):
        answer = api.post(f"/notifications/{identifier}/replay")
        assert (answer.status_code, answer.json()) == (202, {"id": identifier, "status": "queued"})
    assert of(queued()) == [identifier, identifier]
    found = api.get(f"/notifications/{identifier}").json()
    assert (found["status"], found["attempts"], found["last_error"]) == ("queued", 1, "410 Gone")


def test_what_is_sent_stays_so(api: httpx.Client, queued: Queued, database: TestDatabase) -> None:
    identifier = post(api)
    with database.connect() as connection:
        connection.execute("UPDATE notifications SET status = 'sent', sent_at = now()")
    answer = api.post(f"/notifications/{identifier}/replay")
    assert (answer.status_code, answer.json()["status"]) == (202, "sent")
    assert len(queued()) == 1


def test_what_is_unknown_is_told(api: httpx.Client) -> None:
    assert list(problem(api.post(f"/notifications/{uuid4()}/replay"), 404)) == ["id"]
    assert list(problem(api.post("/notifications/nonsense/replay"), 422)) == ["id"]


def test_a_body_is_not_looked_at(api: httpx.Client, queued: Queued, database: TestDatabase) -> None:
    identifier = post(api)
    fail_all(database, queued)
    assert api.post(f"/notifications/{identifier}/replay", content="anything").status_code == 202


def test_many_are_replayed_in_their_order(api: httpx.Client, queued: Queued, database: TestDatabase) -> None:
    wanted = [post(api) for _ in range(5)]
    count = fail_all(database, queued)
    answer = api.post("/notifications/replay", json={"limit": 3})
    assert (answer.status_code, answer.json()) == (202, {"replayed": 3, "ids": wanted[:3], "more": True})
    answer = api.post("/notifications/replay", json={})
    assert answer.json() == {"replayed": 2, "ids": wanted[3:], "more": False}
    assert api.post("/notifications/replay", json={}).json() == {"replayed": 0, "ids": [], "more": False}
    assert sorted(of(queued()[count:])) == sorted(wanted)


def test_what_was_queued_before_an_error_leaves_at_once(
    api: httpx.Client, queued: Queued, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(api)
    count = fail_all(database, queued)
    has_failed = store_replay.has_failed

    def fail(*_: object) -> bool:
        raise QueryCanceled("took too long")

    monkeypatch.setattr(store_replay, "has_failed", fail)
    assert api.post("/notifications/replay", json={"limit": 1}).status_code >= 500
    monkeypatch.setattr(store_replay, "has_failed", has_failed)
    assert len(queued()) == count + 1


def test_filters_leave_others_alone(api: httpx.Client, queued: Queued, database: TestDatabase) -> None:
    text, mail = post(api), post(api, EMAIL)
    fail_all(database, queued)

    def replayed(**wanted: str) -> list[str]:
        ids: list[str] = api.post("/notifications/replay", json=wanted).raise_for_status().json()["ids"]
        return ids

    assert replayed(created_before="2026-01-31T12:00:00+02:00") == []
    assert replayed(created_after="2999-12-31T23:59:59Z") == []
    assert replayed(channel="email", created_after="2026-01-31T12:00:00Z") == [mail]
    assert replayed(created_before="2999-12-31T23:59:59Z") == [text]


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        ({"limit": 0}, ["limit"]),
        ({"limit": 1001}, ["limit"]),
        ({"limit": True}, ["limit"]),
        ({"limit": "10"}, ["limit"]),
        ({"channel": "fax"}, ["channel"]),
        ({"status": "failed"}, ["status"]),
        ({"created_after": "2026-01-31T12:00:00"}, ["created_after"]),
        ({"created_after": "yesterday"}, ["created_after"]),
        ({"created_after": 1700000000, "created_before": "1700000000"}, ["created_after", "created_before"]),
        ([], ["(request body)"]),
    ],
)
def test_a_wrong_request_changes_nothing(
    api: httpx.Client, queued: Queued, database: TestDatabase, content: object, fields: list[str]
) -> None:
    post(api)
    count = fail_all(database, queued)
    assert list(problem(api.post("/notifications/replay", json=content), 422)) == fields
    assert database.rows("SELECT status FROM notifications") == [("failed",)]
    assert len(queued()) == count


def test_what_is_no_json_is_refused(api: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    problem(api.post("/notifications/replay", content="{", headers=headers), 400)
    problem(api.post("/notifications/replay", content="{}", headers={"Content-Type": "text/plain"}), 415)
