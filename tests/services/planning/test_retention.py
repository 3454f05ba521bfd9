"""What has ended is kept for a month."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from services.planning.store.retention import delete_ended
from services.planning.worker.app import tidying
from tests.services.planning.conftest import Schedule
from tests.support.eventually import eventually
from tests.support.postgres import TestDatabase

Connection = psycopg.Connection[Any]
Notify = Callable[..., None]


@pytest.fixture
def notify(connection: Connection, schedule: Schedule) -> Notify:
    """Stores a notification whose status came about so many days ago."""
    schedule_id = schedule()

    def store(status: str, days: int, *, render_attempts: int = 0) -> None:
        connection.execute(
            """
            INSERT INTO notifications (id, schedule_id, number, planned_for, body, last_error,
                status, render_attempts, updated_at, sent_at)
            VALUES (gen_random_uuid(), %(schedule)s, 1, clock_timestamp(), 'x', 'reason',
                %(status)s, %(attempts)s, now() - make_interval(days => %(days)s),
                CASE WHEN %(status)s = 'sent' THEN now() END)
            """,
            {"schedule": schedule_id, "status": status, "attempts": render_attempts, "days": days},
        )

    return store


def left(database: TestDatabase) -> list[str]:
    return [status for (status,) in database.rows("SELECT status FROM notifications ORDER BY status")]


def test_what_ended_a_month_ago_is_deleted_and_nothing_else(
    connection: Connection, database: TestDatabase, notify: Notify
) -> None:
    for status in ("planned", "ready", "sent", "failed", "cancelled"):
        notify(status, 31)
    for status in ("sent", "failed", "cancelled"):
        notify(status, 29)
    assert delete_ended(connection, limit=100) == 3
    assert left(database) == ["cancelled", "failed", "planned", "ready", "sent"]


def test_a_statement_deletes_so_many_at_most_the_oldest_first(
    connection: Connection, database: TestDatabase, notify: Notify
) -> None:
    for days, status in ((40, "sent"), (50, "failed"), (60, "cancelled")):
        notify(status, days)
    assert delete_ended(connection, limit=2) == 2
    assert left(database) == ["sent"]


def test_the_worker_deletes_and_gives_up_by_itself(database: TestDatabase, notify: Notify) -> None:
    notify("sent", 31)
    notify("planned", 0, render_attempts=5)
    loop = tidying(database.connect)
    loop.start()
    try:
        eventually(lambda: left(database) == ["failed"])
    finally:
        loop.stop()
        assert loop.join(60)


def test_looking_for_them_has_its_index(connection: Connection) -> None:
    connection.execute("SET enable_seqscan = off; SET enable_sort = off")
    query = (
        b"EXPLAIN SELECT id FROM notifications WHERE status IN ('sent', 'failed', 'cancelled')"
        b" AND updated_at < now() - make_interval(days => 30) ORDER BY updated_at LIMIT 20"
    )
    assert "notifications_ended" in "\n".join(line for (line,) in connection.execute(query))
