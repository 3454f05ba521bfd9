"""A connection whose commits fail where a test wants."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import psycopg


class Commit(StrEnum):
    """What becomes of a transaction."""

    DONE = "done"
    UNKNOWN = "done, but the answer is lost"
    UNDONE = "undone, because the connection broke before"


class Fragile(psycopg.Connection[Any]):
    """Ends its transactions as `commit` says; what does not end well raises OperationalError."""

    commit_ends = Commit.DONE

    @contextmanager
    def transaction(
        self, savepoint_name: str | None = None, force_rollback: bool = False
    ) -> Iterator[psycopg.Transaction]:
        """A transaction."""
        ends = self.commit_ends
        with super().transaction(savepoint_name, force_rollback or ends is Commit.UNDONE) as transaction:
            yield transaction
        if ends is not Commit.DONE:
            raise psycopg.OperationalError("the connection is lost")
