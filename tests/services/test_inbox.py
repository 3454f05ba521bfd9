"""Events that are handled once, however often they arrive."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from services import inbox
from tests.support.eventually import eventually
from tests.support.postgres import TestDatabase


@pytest.fixture
def database(empty_database: TestDatabase) -> TestDatabase:
    """A database with nothing but the table."""
    with empty_database.connect() as connection:
        connection.execute(inbox.create_table().encode())
    return empty_database


def test_an_event_is_handled_in_a_transaction(database: TestDatabase) -> None:
    with database.connect() as connection, pytest.raises(RuntimeError, match="transaction"):
        inbox.once(connection, uuid4())
    assert database.rows("SELECT event_id FROM inbox") == []


def test_an_event_is_new_once(database: TestDatabase) -> None:
    event_id = uuid4()
    with database.connect() as connection:
        for expected in (True, False, False):
            with connection.transaction():
                assert inbox.once(connection, event_id) is expected
        with connection.transaction():
            assert inbox.once(connection, uuid4())


def test_an_event_whose_handling_fails_is_new_again(database: TestDatabase) -> None:
    event_id = uuid4()
    with database.connect() as connection:
        with connection.transaction(force_rollback=True):
            assert inbox.once(connection, event_id)
        with connection.transaction():
            assert inbox.once(connection, event_id)


@pytest.mark.parametrize("first_fails", [False, True])
def test_of_two_at_the_same_time_one_waits_for_the_other(database: TestDatabase, *, first_fails: bool) -> None:
    event_id = uuid4()

    def second() -> bool:
        with database.connect() as connection, connection.transaction():
            return inbox.once(connection, event_id)

    with database.connect() as first, ThreadPoolExecutor(1) as executor:
        with first.transaction(force_rollback=first_fails):
            assert inbox.once(first, event_id)
            answer = executor.submit(second)
            eventually(database.waiting)
            assert not answer.done()
        assert answer.result(10) is first_fails


def test_what_is_old_is_forgotten(database: TestDatabase) -> None:
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO inbox SELECT gen_random_uuid(), now() - make_interval(days => days)"
            " FROM unnest(ARRAY[0, 29, 31, 90]) AS days"
        )
        assert inbox.forget(connection) == 2
        assert inbox.forget(connection) == 0
    assert database.rows("SELECT count(*) FROM inbox") == [(2,)]
