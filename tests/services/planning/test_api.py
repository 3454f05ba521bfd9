"""Schedules over HTTP."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.planning.api.app import create_app
from services.settings import PlanningApiSettings
from tests.services.problems import problem
from tests.support.postgres import TestDatabase
from tests.support.redis import RedisServer
from tests.support.serving import client_of, serving

EMAIL = {"channel": "email", "recipient": "ada@example.com", "body": "Hello {name}", "values": {"name": "Ada"}}
HOURLY = EMAIL | {"every_seconds": 3600}


@pytest.fixture
def api(environment: dict[str, str]) -> Iterator[httpx.Client]:
    settings = PlanningApiSettings.from_environment(environment)
    with serving(create_app(settings)) as url, client_of(url) as client:
        yield client


@pytest.fixture
def lasting_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the cache keep an answer for longer than a test may take. To be used as a mark: it comes before the API."""
    monkeypatch.setattr("services.planning.api.app._CACHE_SECONDS", 600)
    # A Redis that takes longer is gone on without.
    monkeypatch.setattr("services.cache._TIMEOUT_SECONDS", 60)


def post(api: httpx.Client, content: dict[str, Any]) -> str:
    answer = api.post("/schedules", json=content)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/schedules/{answer.json()['id']}"
    return str(answer.json()["id"])


def test_a_schedule_is_taken_in_and_shown(api: httpx.Client) -> None:
    before = datetime.now(UTC)
    schedule_id = post(api, HOURLY | {"count": 3})
    shown = api.get(f"/schedules/{schedule_id}").json()
    assert before - timedelta(seconds=1) < datetime.fromisoformat(shown.pop("next_at")) < datetime.now(UTC)
    assert shown.pop("created_at")
    assert shown == {
        "id": schedule_id,
        "channel": "email",
        "recipient": "ada@example.com",
        "status": "active",
        "every_seconds": 3600,
        "count": 3,
        "skipped": 0,
        "notifications": [],
    }


def test_a_delayed_schedule_keeps_its_time_in_utc(api: httpx.Client) -> None:
    send_at = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    content = EMAIL | {"send_at": send_at.astimezone().isoformat()}
    shown = api.get(f"/schedules/{post(api, content)}").json()
    assert datetime.fromisoformat(shown["next_at"]) == send_at
    assert shown["next_at"].endswith("Z")


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"every_seconds": None}, "(request body)", "must have send_at"),
        ({"every_seconds": 0}, "every_seconds", "greater than or equal to 1"),
        ({"every_seconds": "60"}, "every_seconds", "valid integer"),
        ({"count": 0}, "count", "greater than or equal to 1"),
        ({"every_seconds": None, "send_at": "2090-01-01T00:00:00Z"}, "send_at", "at most 10 years ahead"),
        ({"every_seconds": None, "send_at": "2020-01-01T00:00:00Z"}, "send_at", "at most one day ago"),
        ({"every_seconds": None, "send_at": "2030-01-01T00:00:00"}, "send_at", "timezone"),
        ({"body": "Hello {name"}, "body", "single '{' at position 7"),
        ({"subject": "Hello {first name}"}, "subject", "no name in the braces"),
        ({"values": {"first name": "Ada"}}, "values.first name.[key]", "match pattern"),
        ({"values": {"number": 7}}, "values", "must leave number alone"),
        ({"values": {"name": ["Ada"]}}, "values.name", "must be a text or a number"),
        ({"values": {"name": True}}, "values.name", "must be a text or a number"),
        ({"values": {"name": "x" * 10_001}}, "values.name", "at most 10000 characters"),
        ({"values": {"name": 10**15}}, "values.name", "write it as a text"),
        ({"body": "{a}" * 87_000, "values": {"a": "x" * 10_000}}, "body", "is, with its values, 870000000 bytes long"),
        ({"body": "{planned_for}" * 20_000}, "body", "is, with its values, 500000 bytes long"),
        ({"subject": "{a}" * 60, "values": {"a": "x" * 10_000}}, "subject", "is, with its values, 600000 bytes long"),
        ({"recipient": "nobody"}, "recipient", "must be an e-mail address"),
        ({"sendat": "2030-01-01T00:00:00Z"}, "sendat", "Extra inputs are not permitted"),
    ],
)
def test_what_is_wrong_is_told_by_its_field(
    api: httpx.Client, changes: dict[str, Any], field: str, message: str
) -> None:
    answer = api.post("/schedules", json=HOURLY | changes)
    assert message in problem(answer, 422)[field]


@pytest.mark.parametrize(
    "values", [{f"v{number}": 1 for number in range(80_000)}, [{"a": 1}] * 80_000, [[[{"a": 1}] * 400] * 3]]
)
def test_values_beyond_number_are_not_looked_at_one_by_one(api: httpx.Client, values: object) -> None:
    answer = api.post("/schedules", json=HOURLY | {"values": values})
    assert list(problem(answer, 422)) == ["(request body)"]
    assert "too many fields" in answer.json()["detail"]


def test_a_count_without_repetition_is_refused(api: httpx.Client) -> None:
    soon = datetime.now(UTC).isoformat()
    answer = api.post("/schedules", json=EMAIL | {"send_at": soon, "count": 2})
    assert "needs every_seconds" in problem(answer, 422)["count"]


def test_the_same_key_gives_the_first_schedule(api: httpx.Client, database: TestDatabase) -> None:
    headers = {"Idempotency-Key": "order-42/reminder"}
    due = datetime.now(UTC).replace(microsecond=1)
    for content in (HOURLY | {"count": 2, "subject": "Hello"}, EMAIL | {"send_at": due.isoformat()}):
        answers = [api.post("/schedules", json=content, headers=headers) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [201] * 3
        assert len({answer.headers["location"] for answer in answers}) == 1
        headers = {"Idempotency-Key": "2"}
    elsewhere = due.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat()
    differently = dict(reversed((EMAIL | {"send_at": elsewhere}).items()))
    assert api.post("/schedules", json=differently, headers=headers).json() == answers[0].json()
    assert database.rows("SELECT count(*) FROM schedules") == [(2,)]


def test_without_a_key_the_same_content_is_another_schedule(api: httpx.Client) -> None:
    assert post(api, HOURLY) != post(api, HOURLY)


@pytest.mark.parametrize(
    "changes",
    [
        {"body": "Other"},
        {"recipient": "bob@example.com"},
        {"channel": "webhook", "recipient": "https://example.com"},
        {"subject": None},
        {"subject": "Other"},
        {"values": {"name": "Bob"}},
        {"send_at": datetime.now(UTC).isoformat()},
        {"every_seconds": 60},
        {"count": 2},
        {"count": None},
    ],
)
def test_the_same_key_for_another_content_is_refused(
    api: httpx.Client, database: TestDatabase, changes: dict[str, Any]
) -> None:
    headers, first = {"Idempotency-Key": "1"}, HOURLY | {"subject": "Hello", "count": 3}
    assert api.post("/schedules", json=first, headers=headers).status_code == 201
    answer = api.post("/schedules", json=first | changes, headers=headers)
    assert list(problem(answer, 422)) == ["Idempotency-Key"]
    assert database.rows("SELECT count(*) FROM schedules") == [(1,)]


def test_a_time_of_its_own_is_another_content_than_at_once(api: httpx.Client) -> None:
    headers = {"Idempotency-Key": "1"}
    api.post("/schedules", json=HOURLY | {"send_at": datetime.now(UTC).isoformat()}, headers=headers)
    assert list(problem(api.post("/schedules", json=HOURLY, headers=headers), 422)) == ["Idempotency-Key"]


def test_concurrent_posts_with_one_key_make_one_schedule(api: httpx.Client, database: TestDatabase) -> None:
    def post_it(_: int) -> httpx.Response:
        return api.post("/schedules", json=HOURLY, headers={"Idempotency-Key": "1"})

    with ThreadPoolExecutor(4) as executor:
        answers = list(executor.map(post_it, range(12)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert database.rows("SELECT count(*) FROM schedules") == [(1,)]


@pytest.mark.parametrize("key", ["", "a" * 256, "two words"])
def test_keys_that_are_refused(api: httpx.Client, key: str) -> None:
    answer = api.post("/schedules", json=HOURLY, headers={"Idempotency-Key": key})
    assert list(problem(answer, 422)) == ["Idempotency-Key"]


def test_a_deleted_schedule_is_cancelled_at_once_for_all_who_ask(api: httpx.Client) -> None:
    path = f"/schedules/{post(api, HOURLY)}"
    assert api.get(path).json()["status"] == "active"
    assert api.delete(path).status_code == 204
    assert api.get(path).json()["status"] == "cancelled"
    assert api.delete(path).status_code == 204


def test_an_unknown_schedule_is_not_found(api: httpx.Client) -> None:
    path = f"/schedules/{uuid4()}"
    assert problem(api.get(path), 404) == {"id": "names no schedule"}
    assert problem(api.delete(path), 404) == {"id": "names no schedule"}


@pytest.mark.usefixtures("lasting_cache")
def test_reading_again_costs_the_database_nothing(api: httpx.Client, database: TestDatabase) -> None:
    path = f"/schedules/{post(api, HOURLY)}"
    first = api.get(path).json()
    with database.connect() as connection:
        connection.execute("UPDATE schedules SET recipient = 'changed@example.com'")
    assert api.get(path).json() == first


def test_without_redis_schedules_are_taken_in_shown_and_deleted(api: httpx.Client, redis: RedisServer) -> None:
    redis.stop()
    path = f"/schedules/{post(api, HOURLY)}"
    assert api.get(path).json()["status"] == "active"
    assert api.get("/ready").status_code == 200
    assert api.delete(path).status_code == 204
    assert api.get(path).json()["status"] == "cancelled"


@pytest.mark.usefixtures("prompt_pools")
def test_without_the_database_the_answer_is_to_come_back(api: httpx.Client, database: TestDatabase) -> None:
    database.server.stop()
    try:
        answer = api.post("/schedules", json=HOURLY)
    finally:
        database.server.start()
    assert problem(answer, 503) == {"database": "is not available"}
    assert answer.headers["retry-after"]
