"""Giving up what does not come any more: nothing stays queued for ever."""

from uuid import UUID, uuid4

import pytest

from services import migrations, outbox, store, store_replay
from services.intake import QUEUED
from services.messages import Channel, Message
from services.store import Due, Outcome, Status
from tests.support.postgres import TestDatabase


def message() -> Message:
    return Message(id=uuid4(), channel=Channel.SMS, recipient="+14155550123", body="World")


def queued(database: TestDatabase, *, hours: float = 3, untouched_hours: float | None = None) -> Message:
    """A notification that was queued so many hours ago; its message is gone."""
    one = message()
    with database.connect() as connection:
        store.insert(connection, one, None)
        connection.execute(
            "UPDATE notifications SET created_at = now() - make_interval(secs => %s),"
            " updated_at = now() - make_interval(secs => %s) WHERE id = %s",
            (3600 * hours, 3600 * (hours if untouched_hours is None else untouched_hours), one.id),
        )
    return one


def given_up(database: TestDatabase, limit: int = 1000) -> int:
    with database.connect() as connection:
        return store_replay.fail_overdue(connection, limit=limit)


def of_status(database: TestDatabase, status: Status) -> set[UUID]:
    rows = database.rows("SELECT id, status FROM notifications")
    return {notification_id for notification_id, found in rows if found == status}


def test_what_nobody_has_touched_for_two_hours_fails_with_its_reason(database: TestDatabase) -> None:
    lost = queued(database, hours=2.01)
    queued(database, hours=1.99)
    assert given_up(database) == 1
    assert database.rows("SELECT id, last_error FROM notifications WHERE status = 'failed'") == [
        (lost.id, "its message did not come back within 2 h: it is in the dead-letter queue, or expired in the queue")
    ]
    assert given_up(database) == 0


def test_what_is_retried_is_not_overdue(database: TestDatabase) -> None:
    queued(database, hours=30, untouched_hours=1)
    assert given_up(database) == 0


@pytest.mark.parametrize(("seconds", "count"), [(60, 0), (-1, 1)])
def test_what_a_worker_has_is_not_overdue(database: TestDatabase, seconds: float, count: int) -> None:
    held = queued(database)
    with database.connect() as connection:
        store.claim(connection, [Due(message=held, last=False)], by=uuid4(), seconds=seconds)
        connection.execute("UPDATE notifications SET updated_at = created_at")
    assert given_up(database) == count


def test_what_is_still_to_be_queued_is_not_overdue(database: TestDatabase) -> None:
    waiting, lost = queued(database), queued(database)
    with database.connect() as connection, connection.transaction():
        outbox.add(connection, QUEUED, waiting.model_dump(mode="json"))
    assert given_up(database) == 1
    assert of_status(database, Status.FAILED) == {lost.id}


def test_what_has_waited_in_the_outbox_for_long_has_its_time_from_then_on(database: TestDatabase) -> None:
    """As after hours without the queue: it is there at last, and must not be given up within the minute."""
    waiting, half_as_long, lost = queued(database), queued(database, hours=1.01), queued(database)
    with database.connect() as connection:
        with connection.transaction():
            for each in (waiting, half_as_long):
                outbox.add(connection, QUEUED, each.model_dump(mode="json"))
        assert store_replay.keep_waiting(connection, limit=10) == 2
        assert store_replay.keep_waiting(connection, limit=10) == 0
        connection.execute("TRUNCATE outbox")
    assert given_up(database) == 1
    assert of_status(database, Status.FAILED) == {lost.id}


def test_what_has_not_waited_for_long_is_not_touched(database: TestDatabase) -> None:
    waiting = queued(database, hours=0.99)
    with database.connect() as connection:
        with connection.transaction():
            outbox.add(connection, QUEUED, waiting.model_dump(mode="json"))
        assert store_replay.keep_waiting(connection, limit=10) == 0


def test_what_is_sent_or_failed_is_left_alone(database: TestDatabase) -> None:
    ended = [queued(database), queued(database)]
    with database.connect() as connection:
        for one, status in zip(ended, (Status.SENT, Status.FAILED), strict=True):
            store.record(connection, [Outcome(message=one, status=status, attempts=1, last_error="why")])
        connection.execute("UPDATE notifications SET updated_at = created_at")
    before = database.rows("SELECT * FROM notifications ORDER BY id")
    assert given_up(database) == 0
    assert database.rows("SELECT * FROM notifications ORDER BY id") == before


def test_no_more_are_given_up_than_allowed_and_the_oldest_first(database: TestDatabase) -> None:
    newer, oldest, _ = queued(database, hours=4), queued(database, hours=5), queued(database, hours=3)
    assert given_up(database, limit=2) == 2
    assert of_status(database, Status.FAILED) == {newer.id, oldest.id}
    assert given_up(database, limit=2) == 1


def test_what_a_worker_is_about_to_change_is_left_to_it(database: TestDatabase) -> None:
    one = queued(database)
    with database.connect() as worker, worker.transaction():
        store.record(worker, [Outcome(message=one, status=Status.SENT, attempts=1)])
        assert given_up(database) == 0
    assert of_status(database, Status.SENT) == {one.id}


def test_a_message_that_comes_after_all_is_delivered(database: TestDatabase) -> None:
    late = queued(database)
    assert given_up(database) == 1
    with database.connect() as connection:
        claim = store.claim(connection, [Due(message=late, last=False)], by=uuid4(), seconds=60)[late.id]
        assert (claim.status, claim.held_seconds) == (Status.QUEUED, 0)
        store.record(connection, [Outcome(message=late, status=Status.SENT, attempts=1)])
    assert database.rows("SELECT status, last_error FROM notifications") == [("sent", None)]


def test_what_was_given_up_can_be_replayed(database: TestDatabase) -> None:
    lost = queued(database)
    given_up(database)
    with database.connect() as connection:
        assert store_replay.requeue(connection, lost.id)
    assert [UUID(payload["id"]) for (payload,) in database.rows("SELECT payload FROM outbox")] == [lost.id]
    assert given_up(database) == 0


def test_looking_for_it_reads_an_index(empty_database: TestDatabase) -> None:
    """Every minute, over all notifications that there have ever been. Its statistics are for no other test."""
    migrations.apply(empty_database.connect(), "notifications")
    with empty_database.connect() as connection:
        connection.execute(
            "INSERT INTO notifications (id, channel, recipient, body, status, sent_at, created_at, updated_at)"
            " SELECT gen_random_uuid(), 'sms', '+1', 'World', 'sent', now(), moment, moment"
            " FROM (SELECT now() - make_interval(mins => n) AS moment FROM generate_series(1, 20000) AS n) AS moments"
        )
        connection.execute("ANALYZE notifications")
        plans: list[tuple[str]] = []

        class Explaining:
            def execute(self, query: str, values: dict[str, object]) -> object:
                plans.extend(connection.execute(f"EXPLAIN {query}".encode(), values).fetchall())
                return connection.execute("SELECT")

        store_replay.fail_overdue(Explaining(), limit=1000)  # type: ignore[arg-type]  # all it asks of a connection
    plan = "\n".join(line for (line,) in plans)
    assert "notifications_by_status" in plan
    assert "Index Cond: ((status = 'queued'::text) AND (created_at <" in plan
