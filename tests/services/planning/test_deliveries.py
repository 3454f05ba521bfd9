"""Rendered notifications are taken under a lease, and what became of them is recorded once."""

from typing import Any

import psycopg
import pytest

from services.planning.store import deliveries, planner, schedules
from services.planning.store.deliveries import MAX_ATTEMPTS
from services.planning.store.rendering import render_planned
from services.planning.worker.rendering import render
from tests.services.planning.conftest import Schedule

Connection = psycopg.Connection[Any]
STATES = "SELECT status, attempts, last_error FROM notifications"
TEXTS = "SELECT subject, body FROM notifications"


@pytest.fixture
def ready(connection: Connection, schedule: Schedule) -> None:
    """One rendered notification."""
    schedule(subject="Greetings")
    planner.plan(connection, fence=planner.take_over(connection), limit=10)
    render_planned(connection, render, limit=10)


def claim(connection: Connection, lease_seconds: float = 60) -> deliveries.Claim:
    (claimed,) = deliveries.claim(connection, limit=10, lease_seconds=lease_seconds)
    return claimed


def state(connection: Connection) -> tuple[Any, ...]:
    rows: list[tuple[Any, ...]] = connection.execute(STATES).fetchall()
    assert len(rows) == 1
    return rows[0]


@pytest.mark.usefixtures("ready")
def test_what_is_taken_is_not_taken_again(connection: Connection) -> None:
    claimed = claim(connection)
    assert (claimed.message.recipient, claimed.message.body, claimed.attempt) == ("ada@example.com", "Hello", 1)
    assert deliveries.claim(connection, limit=10, lease_seconds=60) == []
    deliveries.record_sent(connection, claimed)
    assert state(connection) == ("sent", 1, None)


@pytest.mark.usefixtures("ready")
def test_what_a_killed_notifier_had_is_taken_over_under_the_same_key(connection: Connection) -> None:
    first = claim(connection, lease_seconds=0)
    second = claim(connection)
    assert (second.attempt, second.message.id) == (2, first.message.id)


@pytest.mark.usefixtures("ready")
def test_a_notifier_that_comes_back_late_cannot_undo_what_its_successor_did(connection: Connection) -> None:
    late = claim(connection, lease_seconds=0)
    present = claim(connection)
    deliveries.record_retry(connection, late, "timed out", pause_seconds=0)
    deliveries.record_failed(connection, late, "refused")
    assert deliveries.claim(connection, limit=10, lease_seconds=60) == []
    deliveries.record_sent(connection, present)
    deliveries.record_failed(connection, present, "refused")
    assert state(connection) == ("sent", 2, None)


@pytest.mark.usefixtures("ready")
def test_a_late_delivery_counts_whoever_has_it_by_now(connection: Connection) -> None:
    late = claim(connection, lease_seconds=0)
    present = claim(connection)
    deliveries.record_sent(connection, late)
    deliveries.record_retry(connection, present, "timed out", pause_seconds=0)
    assert state(connection) == ("sent", 2, None)


@pytest.mark.usefixtures("ready")
def test_a_retry_waits_for_its_pause(connection: Connection) -> None:
    deliveries.record_retry(connection, claim(connection), "timed out", pause_seconds=60)
    assert state(connection) == ("ready", 1, "timed out")
    assert deliveries.claim(connection, limit=10, lease_seconds=60) == []
    connection.execute("UPDATE notifications SET free_at = now()")
    assert claim(connection).attempt == 2


@pytest.mark.usefixtures("ready")
def test_what_kills_every_notifier_that_takes_it_is_given_up(connection: Connection) -> None:
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert deliveries.give_up(connection) == 0
        assert claim(connection, lease_seconds=0).attempt == attempt
    assert deliveries.claim(connection, limit=10, lease_seconds=0) == []
    assert deliveries.give_up(connection) == 1
    status, attempts, error = state(connection)
    assert (status, attempts) == ("failed", MAX_ATTEMPTS)
    assert error == "taken 5 times, and no notifier told what became of the last"


@pytest.mark.usefixtures("ready")
def test_what_is_cancelled_while_it_is_delivered_is_told_as_it_happened(connection: Connection) -> None:
    claimed = claim(connection)
    ((schedule_id,),) = connection.execute("SELECT id FROM schedules").fetchall()
    schedules.cancel(connection, schedule_id)
    assert state(connection)[0] == "cancelled"
    deliveries.record_sent(connection, claimed)
    assert state(connection)[0] == "sent"


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("end", ["sent", "refused", "given up", "cancelled"])
def test_the_text_is_kept_for_as_long_as_it_may_be_delivered(connection: Connection, end: str) -> None:
    for _ in range(MAX_ATTEMPTS - 1):
        deliveries.record_retry(connection, claim(connection), "timed out", pause_seconds=0)
    assert connection.execute(TEXTS).fetchall() == [("Greetings", "Hello")]
    claimed = claim(connection, lease_seconds=0)
    if end == "sent":
        deliveries.record_sent(connection, claimed)
    elif end == "refused":
        deliveries.record_failed(connection, claimed, "refused")
    elif end == "given up":
        assert deliveries.give_up(connection) == 1
    else:
        ((schedule_id,),) = connection.execute("SELECT id FROM schedules").fetchall()
        schedules.cancel(connection, schedule_id)
    assert connection.execute(TEXTS).fetchall() == [(None, None)]
