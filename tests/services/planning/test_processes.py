"""The four programs as their containers run them."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.eventually import eventually
from tests.support.postgres import TestDatabase
from tests.support.programs import Program, run
from tests.support.receiver import Answer, Receiver
from tests.support.redis import RedisServer

Start = Callable[[str], Program]
TWICE = "SELECT schedule_id, planned_for FROM notifications GROUP BY 1, 2 HAVING count(*) > 1"
# Of the lock, and then some.
LEASE_SECONDS = 10


@pytest.fixture
def start(environment: dict[str, str], database: TestDatabase, receiver: Receiver, tmp_path: Path) -> Iterator[Start]:
    variables = environment | {"TELEGRAM_BASE_URL": receiver.url, "WEBHOOK_HOSTS_ALLOWED_INSIDE": "localhost"}
    with ExitStack() as stack:
        logs = (tmp_path / f"{number}.log" for number in range(100))

        def start(name: str) -> Program:
            signed_in = variables | {"DATABASE_URL": database.url_of(name)}
            return stack.enter_context(Program(f"planning.{name}", environment=signed_in, log=next(logs)))

        yield start


def leads(scheduler: Program) -> bool:
    return scheduler.metric("scheduler_leads") == 1


@pytest.mark.parametrize("name", ["api", "scheduler", "worker", "notifier"])
def test_missing_variables_are_named_without_a_traceback(name: str) -> None:
    done = run(f"planning.{name}")
    assert done.returncode == 1
    assert "DATABASE_HOST is missing: set this environment variable" in done.stderr
    assert "Traceback" not in done.stderr


def holder(redis: RedisServer) -> str | None:
    """Who has the schedulers' lock."""
    with redis.connect() as connection:
        token = connection.get("planning:scheduler")
        assert token is None or isinstance(token, str)
        return token


def test_a_stopped_scheduler_hands_over_at_once(start: Start, redis: RedisServer) -> None:
    first = start("scheduler")
    eventually(lambda: leads(first))
    second = start("scheduler")
    assert not leads(second)
    former = holder(redis)
    assert former
    first.stop()
    # Otherwise it would be the former's until its lease is over.
    assert holder(redis) != former
    eventually(lambda: leads(second))


def test_a_scheduler_that_was_frozen_past_its_lease_does_no_harm(start: Start, database: TestDatabase) -> None:
    frozen = start("scheduler")
    eventually(lambda: leads(frozen))
    api, successor = start("api").ready(), start("scheduler")
    content = {"channel": "email", "recipient": "ada@example.com", "body": "x", "every_seconds": 1}
    assert httpx.post(f"{api.url}/schedules", json=content, timeout=60).status_code == 201
    frozen.process.send_signal(signal.SIGSTOP)
    try:
        eventually(lambda: leads(successor))
    finally:
        frozen.process.send_signal(signal.SIGCONT)
    eventually(lambda: not leads(frozen))
    time.sleep(2)
    assert leads(successor)
    assert not leads(frozen)
    assert database.rows(TWICE) == []
    ((passed, skipped, planned),) = database.rows(
        "SELECT passed, skipped, (SELECT count(*) FROM notifications) FROM schedules"
    )
    assert passed == skipped + planned


def test_what_is_planned_is_delivered_once_by_processes_that_come_and_go(
    start: Start, receiver: Receiver, database: TestDatabase
) -> None:
    api, _, worker = start("api").ready(), start("scheduler"), start("worker")
    first, _ = start("notifier"), start("notifier")
    content = {"channel": "webhook", "recipient": f"{receiver.url}/hook", "body": "hunter2 {number}"}
    for _ in range(5):
        answer = httpx.post(f"{api.url}/schedules", json=content | {"every_seconds": 1, "count": 4}, timeout=60)
        assert answer.status_code == 201
    eventually(lambda: receiver.to("/hook"))
    first.stop()
    worker.kill()
    start("worker")
    eventually(lambda: database.rows("SELECT count(*) FROM notifications WHERE status = 'sent'") == [(20,)])
    keys = [request.headers["idempotency-key"] for request in receiver.to("/hook")]
    assert len(keys) == len(set(keys)) == 20
    for program in (api, worker, first):
        assert "hunter2" not in program.output
        assert all(line["service"] == "planning" for line in program.lines)


def test_a_stop_lets_a_delivery_end(start: Start, receiver: Receiver, database: TestDatabase) -> None:
    began: list[Any] = []
    receiver.answers["/hook"] = Answer(after_seconds=2, before=lambda: began.append(1))
    for name in ("scheduler", "worker"):
        start(name)
    api, notifier = start("api").ready(), start("notifier")
    content = {"channel": "webhook", "recipient": f"{receiver.url}/hook", "body": "x", "every_seconds": 60, "count": 1}
    assert httpx.post(f"{api.url}/schedules", json=content, timeout=60).status_code == 201
    eventually(lambda: began)
    notifier.stop()
    assert database.rows("SELECT status, attempts FROM notifications") == [("sent", 1)]
