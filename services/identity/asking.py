"""Asking the database what every request needs of it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from psycopg import Connection, Error

from services.database import is_connection_fault

TakeConnection = Callable[[], AbstractContextManager[Connection[Any]]]
"""Takes a connection that commits each statement, and gives it back."""
_Answer = TypeVar("_Answer")


def ask(take_connection: TakeConnection, question: Callable[[Connection[Any]], _Answer]) -> _Answer:
    """The answer to a question that may be put twice: a connection that dies under it is replaced once.

    Raises what the connection raises.
    """
    with take_connection() as connection:
        try:
            return question(connection)
        except Error as error:
            if not is_connection_fault(error, connection):
                raise
            connection.close()
    with take_connection() as connection:
        return question(connection)
