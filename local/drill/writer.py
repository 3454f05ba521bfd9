"""Writes known rows into a database, one after the other, and remembers which of them it confirmed."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg

from local.drill.databases import Database

# The drill's own schema and table.
_DROP = "DROP SCHEMA IF EXISTS restore_drill CASCADE"
_CREATE = "CREATE SCHEMA restore_drill CREATE TABLE rows (number bigint PRIMARY KEY)"
_INSERT = "INSERT INTO restore_drill.rows VALUES (%s)"
_SELECT = "SELECT number FROM restore_drill.rows"
_DELETE = "DELETE FROM restore_drill.rows"
# Often enough to tell losses of a tenth of a second.
_PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Row:
    """A row that the database has confirmed as committed, and when, by this machine's clock."""

    number: int
    confirmed: float


class Writer:
    """A thread that writes until it is told to stop, and goes on after every fault."""

    def __init__(self, database: Database) -> None:
        """Write into the drill's own table of this database."""
        self._database = database
        self._rows: list[Row] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="restore drill")

    @property
    def rows(self) -> list[Row]:
        """What was confirmed so far."""
        return list(self._rows)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """End after the row under way."""
        self._stopped.set()
        self._thread.join(timeout=30)

    def wait_for_row(self, *, after: float, bound_seconds: float) -> Row | None:
        """The first row confirmed after a moment; None if there is none in time."""
        deadline = time.time() + bound_seconds
        while time.time() < deadline:
            for row in self.rows:
                if row.confirmed > after:
                    return row
            time.sleep(_PAUSE_SECONDS)
        return None

    def _run(self) -> None:
        number = 0
        while not self._stopped.is_set():
            with suppress(psycopg.Error), self._database.connect() as connection:
                while not self._stopped.is_set():
                    # A row whose confirmation was lost is not repeated: its number may have been committed.
                    number += 1
                    connection.execute(_INSERT, (number,))
                    self._rows.append(Row(number, time.time()))
                    self._stopped.wait(_PAUSE_SECONDS)
            self._stopped.wait(_PAUSE_SECONDS)


@contextmanager
def table(database: Database) -> Iterator[None]:
    """The drill's own schema with its table, made anew, and gone afterwards."""
    with database.connect() as connection:
        connection.execute(_DROP)
        connection.execute(_CREATE)
    try:
        yield
    finally:
        with suppress(psycopg.Error), database.connect() as connection:
            connection.execute(_DROP)


@contextmanager
def writing(database: Database) -> Iterator[Writer]:
    """A writer at work."""
    writer = Writer(database)
    writer.start()
    try:
        yield writer
    finally:
        writer.stop()


def numbers(connection: Any) -> set[int]:
    """The rows that are in the drill's table."""
    return {number for (number,) in connection.execute(_SELECT).fetchall()}


def delete_all(connection: Any) -> None:
    """The accident."""
    connection.execute(_DELETE)
