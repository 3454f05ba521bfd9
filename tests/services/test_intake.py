"""Taking a notification in while its connection dies."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from services.intake import Intake
from services.messages import Channel, Content
from tests.support.postgres import TestDatabase

CONTENT = Content(channel=Channel.SMS, recipient="+14155550123", body="hello")
COUNTS = "SELECT (SELECT count(*) FROM notifications), (SELECT count(*) FROM outbox)"


class Dying:
    """Connections, the first of which dies at a certain moment."""

    def __init__(self, database: TestDatabase, die: Callable[[psycopg.Connection[Any]], None], times: int = 1) -> None:
        self._database, self._die, self._left = database, die, times

    @contextmanager
    def __call__(self) -> Iterator[psycopg.Connection[Any]]:
        with self._database.connect() as connection:
            if self._left:
                self._left -= 1
                self._die(connection)
            yield connection


def die(connection: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def lose_the_answer(connection: psycopg.Connection[Any]) -> None:
    """The commit is applied, and then the connection is gone."""

    @contextmanager
    def transaction() -> Iterator[None]:
        with psycopg.Connection.transaction(connection):
            yield
        connection.close()
        raise psycopg.OperationalError("the connection is lost")

    connection.transaction = transaction  # type: ignore[method-assign,assignment]  # as if the network did it


@pytest.mark.parametrize("key", [None, "order-42"])
@pytest.mark.parametrize("how", [die, lose_the_answer])
def test_a_connection_that_dies_is_replaced_and_the_notification_stored_once(
    database: TestDatabase, how: Callable[[psycopg.Connection[Any]], None], key: str | None
) -> None:
    accepted = Intake(Dying(database, how)).accept(CONTENT, key)
    assert database.rows("SELECT id, status FROM notifications") == [(accepted.id, accepted.status)]
    assert database.rows(COUNTS) == [(1, 1)]


def test_a_database_that_is_away_is_told(database: TestDatabase) -> None:
    with pytest.raises(psycopg.OperationalError):
        Intake(Dying(database, die, times=2)).accept(CONTENT, None)
    assert database.rows(COUNTS) == [(0, 0)]
