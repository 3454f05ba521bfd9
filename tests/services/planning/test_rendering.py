"""Planned notifications are rendered by one worker each."""

from typing import Any
from uuid import UUID

import psycopg
import pytest

from services.messages import Channel
from services.planning.store import planner
from services.planning.store.rendering import Draft, Rendered, render_planned
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
            render_planned(victim, die, limit=10)
        assert [status for status, *_ in states(other)] == ["planned"]
        assert len(render_planned(other, render, limit=10)) == 1
        assert [status for status, *_ in states(other)] == ["ready"]
