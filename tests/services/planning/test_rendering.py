"""Planned notifications are rendered by one worker each."""

from typing import Any
from uuid import UUID

import psycopg
import pytest

from services.messages import Channel
from services.planning.store import planner
from services.planning.store.rendering import MAX_ATTEMPTS, Draft, Rendered, give_up, render_planned
from services.planning.worker.rendering import render
from tests.services.planning.conftest import Schedule
from tests.support.postgres import TestDatabase

Connection = psycopg.Connection[Any]
STATES = "SELECT status, subject, body, last_error FROM notifications"


def plan(connection: Connection) -> None:
    planner.plan(connection, fence=planner.take_over(connection), limit=100)


def states(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(STATES).fetchall()


def test_a_template_becomes_text(connection: Connection, schedule: Schedule) -> None:
    schedule(
        subject="For {name}",
        body="{name}, this is {number} at {planned_for}: {{{total}}}",
        values={"name": "Ada", "total": 3},
    )
    plan(connection)
    assert len(render_planned(connection, render, limit=10)) == 1
    ((status, subject, body, error),) = states(connection)
    assert (status, subject, error) == ("ready", "For Ada", None)
    assert body.startswith("Ada, this is 1 at 20")
    assert body.endswith("+00:00: {3}")


def test_an_unknown_placeholder_fails_with_its_name(connection: Connection, schedule: Schedule) -> None:
    schedule(body="Hello {nmae}", values={"name": "Ada"})
    plan(connection)
    render_planned(connection, render, limit=10)
    ((status, _, body, error),) = states(connection)
    assert (status, body) == ("failed", None)
    assert error == ("the body has placeholders without a value: {nmae}; known are: name, number, planned_for")


def test_a_text_that_grew_too_long_for_its_channel_fails(connection: Connection, schedule: Schedule) -> None:
    schedule(channel=Channel.SMS, recipient="+14155550123", body="{word}", values={"word": "secret" * 300})
    plan(connection)
    render_planned(connection, render, limit=10)
    ((status, _, _, error),) = states(connection)
    assert status == "failed"
    assert "takes at most 1600" in error
    assert "secret" not in error


def test_workers_side_by_side_share_the_batch(database: TestDatabase, schedule: Schedule) -> None:
    for _ in range(4):
        schedule()
    with database.connect() as first, database.connect() as second:
        plan(first)
        claimed: list[UUID] = []
        with first.transaction():
            claimed += [it.id for it in render_planned(first, render, limit=3)]
            claimed += [it.id for it in render_planned(second, render, limit=3)]
        assert len(claimed) == len(set(claimed)) == 4


def test_a_worker_killed_between_claim_and_record_leaves_its_batch_to_others(
    database: TestDatabase, schedule: Schedule
) -> None:
    schedule()
    with database.connect() as victim, database.connect() as other:
        plan(other)

        def die(draft: Draft) -> Rendered:
            # The server notices a killed client as it does a terminated session.
            other.execute("SELECT pg_terminate_backend(%s)", (victim.info.backend_pid,))
            return render(draft)

        with pytest.raises(psycopg.OperationalError):
            render_planned(victim, die, limit=10, lease_seconds=0)
        assert [status for status, *_ in states(other)] == ["planned"]
        assert len(render_planned(other, render, limit=10)) == 1
        assert [status for status, *_ in states(other)] == ["ready"]


def take(connection: Connection, *, lease_seconds: float = 0) -> None:
    """As a worker does that is killed at it."""

    def die(_: Draft) -> Rendered:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render_planned(connection, die, limit=10, lease_seconds=lease_seconds)


def test_what_kills_every_worker_fails_after_some_attempts(connection: Connection, schedule: Schedule) -> None:
    schedule()
    plan(connection)
    for _ in range(MAX_ATTEMPTS):
        assert give_up(connection) == 0
        take(connection)
    assert render_planned(connection, render, limit=10) == []
    assert give_up(connection) == 1
    assert states(connection) == [("failed", None, None, "taken 5 times, and no worker rendered it")]


def test_what_a_killed_worker_had_is_taken_one_at_a_time(connection: Connection, schedule: Schedule) -> None:
    """So that what killed it takes nothing else along."""
    for _ in range(3):
        schedule()
    plan(connection)
    take(connection)
    schedule()
    plan(connection)
    assert [len(render_planned(connection, render, limit=10)) for _ in range(5)] == [1, 1, 1, 1, 0]


def test_what_a_worker_has_is_left_to_it_for_its_lease(connection: Connection, schedule: Schedule) -> None:
    schedule()
    plan(connection)
    take(connection, lease_seconds=60)
    assert render_planned(connection, render, limit=10) == []
    assert give_up(connection) == 0


@pytest.mark.parametrize(("status", "attempts"), [("cancelled", 1), ("planned", 2)])
def test_a_late_worker_changes_nothing(connection: Connection, schedule: Schedule, status: str, attempts: int) -> None:
    schedule()
    plan(connection)

    def late(draft: Draft) -> Rendered:
        connection.execute("UPDATE notifications SET status = %s, render_attempts = %s", (status, attempts))
        return render(draft)

    render_planned(connection, late, limit=10)
    assert states(connection) == [(status, None, None, None)]


def test_a_text_that_grows_beyond_all_bounds_fails(connection: Connection, schedule: Schedule) -> None:
    schedule(body="{a}" * 87_000, values={"a": "x" * 10_000})
    plan(connection)
    render_planned(connection, render, limit=10)
    ((status, _, _, error),) = states(connection)
    assert (status, error) == ("failed", "the body is, with its values, 870000000 bytes long in UTF-8: at most 262144")


def test_a_reason_is_bounded_and_can_be_stored(connection: Connection, schedule: Schedule) -> None:
    names = [f"{'x' * 60}{number:04}" for number in range(4000)]
    schedule(body="".join(f"{{{name}}}" for name in names), values={f"{'y' * 60}{number}": 1 for number in range(90)})
    plan(connection)
    render_planned(connection, render, limit=10)
    ((status, _, _, error),) = states(connection)
    assert status == "failed"
    assert names[0] in error
    assert len(error) == 500


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("render_attempts = 0 AND free_at <= now() ORDER BY planned_for", "notifications_planned"),
        ("render_attempts > 0 AND render_attempts < 5 ORDER BY planned_for", "notifications_render_taken"),
    ],
)
def test_each_poll_has_its_index(connection: Connection, condition: str, index: str) -> None:
    connection.execute("SET enable_seqscan = off; SET enable_sort = off")
    query = "EXPLAIN SELECT id FROM notifications WHERE status = 'planned' AND ? LIMIT 20".replace("?", condition)
    assert index in "\n".join(line for (line,) in connection.execute(query.encode()))
