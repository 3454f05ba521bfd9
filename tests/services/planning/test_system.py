"""The four programs together: from a schedule to what arrives."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from services.planning.api.app import create_app as create_api
from services.planning.notifier import delivering
from services.planning.notifier.app import create_app as create_notifier
from services.planning.scheduler import app as scheduler
from services.planning.scheduler.app import create_app as create_scheduler
from services.planning.worker import app as worker
from services.planning.worker.app import create_app as create_worker
from services.settings import NotifierSettings, PlanningApiSettings, RenderingSettings, SchedulerSettings
from tests.support.emulator import Emulator
from tests.support.eventually import eventually
from tests.support.postgres import TestDatabase
from tests.support.receiver import Answer, Receiver
from tests.support.serving import CLIENT_SECONDS, client_of, serving


@pytest.fixture
def programs(environment: dict[str, str], database: TestDatabase, receiver: Receiver) -> Iterator[list[str]]:
    """Addresses: of one API, and two of each of the others."""
    variables = environment | {"TELEGRAM_BASE_URL": receiver.url, "WEBHOOK_HOSTS_ALLOWED_INSIDE": "localhost"}

    def signed_in(user: str) -> dict[str, str]:
        return {"DATABASE_URL": database.url_of(user)}

    apps: list[Callable[[], FastAPI]] = [lambda: create_api(PlanningApiSettings.from_environment(variables))]
    for _ in range(2):
        apps += [
            lambda: create_scheduler(SchedulerSettings.from_environment(variables | signed_in("scheduler"))),
            lambda: create_worker(RenderingSettings.from_environment(variables | signed_in("worker"))),
            lambda: create_notifier(NotifierSettings.from_environment(variables | signed_in("notifier"))),
        ]
    with ExitStack() as stack:
        yield [stack.enter_context(serving(create())) for create in apps]


@pytest.fixture
def api(programs: list[str]) -> Iterator[httpx.Client]:
    with client_of(programs[0]) as client:
        yield client


def settled(api: httpx.Client, schedule_id: str) -> list[dict[str, Any]]:
    """The notifications of a schedule once it is finished and none of them waits any longer."""

    def look() -> list[dict[str, Any]] | None:
        schedule = api.get(f"/schedules/{schedule_id}").json()
        notifications: list[dict[str, Any]] = schedule["notifications"]
        waiting = [each for each in notifications if each["status"] in ("planned", "ready")]
        return notifications if schedule["status"] == "finished" and not waiting else None

    return eventually(look)


def test_no_notification_waits_three_seconds_for_the_programs_to_look() -> None:
    assert scheduler._POLL_SECONDS + worker._POLL_SECONDS + delivering._POLL_SECONDS < 3


def test_what_is_due_now_arrives(api: httpx.Client, emulator: Emulator, receiver: Receiver) -> None:
    recipient = f"{uuid4().hex}@example.com"
    now = datetime.now().astimezone().isoformat()
    content = {"body": "Hello {name}", "values": {"name": "Ada"}, "send_at": now}
    email = api.post("/schedules", json=content | {"channel": "email", "recipient": recipient}).json()["id"]
    telegram = api.post("/schedules", json=content | {"channel": "telegram", "recipient": "-100123"}).json()["id"]
    eventually(lambda: emulator.emails(recipient) and receiver.requests)
    (mail,) = emulator.emails(recipient)
    assert mail["BodyText"] == "Hello Ada"
    assert receiver.requests[0].json == {"chat_id": "-100123", "text": "Hello Ada"}
    for schedule_id in (email, telegram):
        (notification,) = settled(api, schedule_id)
        assert (notification["status"], notification["attempts"]) == ("sent", 1)


def test_a_recurring_schedule_arrives_as_often_as_it_says(api: httpx.Client, receiver: Receiver) -> None:
    content = {
        "channel": "webhook",
        "recipient": f"{receiver.url}/hook",
        "body": "{number}",
        "every_seconds": 1,
        "count": 3,
    }
    notifications = settled(api, api.post("/schedules", json=content).json()["id"])
    assert [(it["number"], it["status"]) for it in notifications] == [(3, "sent"), (2, "sent"), (1, "sent")]
    assert sorted(request.json["body"] for request in receiver.to("/hook")) == ["1", "2", "3"]


def test_a_passing_failure_is_tried_again_under_the_same_key(
    api: httpx.Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.planning.notifier.delivering.retry_delay_seconds", lambda *_: 0)
    receiver.answers["/hook"] = [Answer(503), Answer(500), Answer()]
    content = {"channel": "webhook", "recipient": f"{receiver.url}/hook", "body": "x", "every_seconds": 60, "count": 1}
    (notification,) = settled(api, api.post("/schedules", json=content).json()["id"])
    assert (notification["status"], notification["attempts"], notification["last_error"]) == ("sent", 3, None)
    keys = [request.headers["idempotency-key"] for request in receiver.to("/hook")]
    assert keys == [notification["id"]] * 3


def test_a_lasting_failure_ends_after_five_attempts(
    api: httpx.Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.planning.notifier.delivering.retry_delay_seconds", lambda *_: 0)
    receiver.answers["/hook"] = Answer(503)
    content = {"channel": "webhook", "recipient": f"{receiver.url}/hook", "body": "x", "every_seconds": 60, "count": 1}
    (notification,) = settled(api, api.post("/schedules", json=content).json()["id"])
    assert (notification["status"], notification["attempts"]) == ("failed", 5)
    assert notification["last_error"] == "the webhook answered 503 Service Unavailable"
    assert len(receiver.to("/hook")) == 5


def test_a_refusal_is_final(api: httpx.Client, receiver: Receiver) -> None:
    receiver.answers["/hook"] = Answer(410)
    content = {"channel": "webhook", "recipient": f"{receiver.url}/hook", "body": "x", "every_seconds": 60, "count": 1}
    (notification,) = settled(api, api.post("/schedules", json=content).json()["id"])
    assert (notification["status"], notification["attempts"]) == ("failed", 1)


def test_an_unknown_placeholder_fails_with_the_reason(api: httpx.Client) -> None:
    content = {"channel": "email", "recipient": "ada@example.com", "body": "{nmae}", "every_seconds": 60, "count": 1}
    (notification,) = settled(api, api.post("/schedules", json=content).json()["id"])
    assert (notification["status"], notification["attempts"]) == ("failed", 0)
    assert "{nmae}" in notification["last_error"]


def test_every_program_tells_its_health_and_what_it_did(programs: list[str]) -> None:
    for url in programs:
        for path in ("/health", "/scheduler/health"):
            assert httpx.get(f"{url}{path}", timeout=CLIENT_SECONDS).json() == {"status": "ok"}
        metrics = httpx.get(f"{url}/metrics", timeout=CLIENT_SECONDS).text
        # One process here: each shows the counters of all.
        for name in (
            "notifications_planned_total",
            "planned_times_skipped_total",
            "scheduler_leads",
            "notifications_rendered_total",
            "notifications_delivered_total",
            "notification_delay_seconds_bucket",
        ):
            assert name in metrics
