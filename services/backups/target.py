"""The database that a dump is restored into."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, sql

from services.backups import catalog
from services.backups.budget import Budget
from services.backups.errors import BackupError
from services.backups.manifest import Manifest
from services.backups.scratch import CLEARING_SECONDS, scratch
from services.backups.session import Sessions, execute

logger = logging.getLogger(__name__)

# They belong to PostgreSQL and to RDS.
RESERVED = frozenset({"postgres", "template0", "template1", "rdsadmin"})
# Any number that nothing else in the database locks.
_LOCK = 7_366_146


@contextmanager
def opened(sessions: Sessions, name: str, manifest: Manifest, budget: Budget) -> Iterator[str]:
    """The name of the database to restore into meanwhile; that of a new one is `name` only when all has gone well.

    An existing one must be without tables, or as a restore of the same dump leaves it that was cut off before it had
    filled it. If this one fails, what it has put there is removed again. Raises BackupError if there is anything else:
    a restore never overwrites.
    """
    with sessions.opened(budget) as connection:
        query = "SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = %s"
        row = connection.execute(query, (name,)).fetchone()
    if row == (False,):
        raise BackupError(
            f"database {name} belongs to another user than the one that restores: restore into a new name, then rename"
            " the databases"
        )
    if row is not None:
        with _in_place(sessions, name, manifest, budget):
            yield name
    else:
        with scratch(sessions, budget) as made:
            yield made
            with sessions.opened(budget) as connection:
                execute(connection, "ALTER DATABASE {made} RENAME TO {name}", made=made, name=name)


@contextmanager
def _in_place(sessions: Sessions, name: str, manifest: Manifest, budget: Budget) -> Iterator[None]:
    # Its session is open until the end: a second restore would take the tables of the first for its own to remove.
    with sessions.opened(budget, name) as connection:
        if connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone() != (True,):
            raise BackupError(f"another restore into database {name} is under way")
        found = catalog.tables(connection)
        if found and not _was_cut_off(connection, found, manifest):
            raise BackupError(
                f"database {name} holds tables ({', '.join(table.name for table in found[:3])}, …): restore into"
                " another name, then rename the databases"
            )
        before = catalog.objects(connection)
        try:
            yield
        except BaseException:
            _clear(sessions, name, before)
            raise


def _was_cut_off(connection: Connection[Any], found: list[catalog.Table], manifest: Manifest) -> bool:
    """Whether a restore of the dump has made the tables and filled none."""
    dumped = {entry.name: frozenset(entry.columns) for entry in manifest.tables}
    if {table.name: frozenset(table.columns) for table in found} != dumped:
        return False
    try:
        # A later revision may have the same tables; its rows would not be brought up to date.
        if catalog.revision(connection) != manifest.revision:
            return False
    except BackupError:
        return False
    query = sql.SQL("SELECT EXISTS (SELECT FROM {})")
    return all(connection.execute(query.format(table.identifier)).fetchone() == (False,) for table in found)


def _clear(sessions: Sessions, name: str, before: list[tuple[str, str]]) -> None:
    """Removes what has been added to a database, and the rows of the tables that it had, which were none."""
    try:
        with sessions.opened(Budget(CLEARING_SECONDS), name) as connection, connection.transaction():
            for kind, identity in catalog.objects(connection):
                if (kind, identity) not in before:
                    # With what depends on it, which may come later in the list.
                    statement = "DROP {kind} IF EXISTS {identity} CASCADE"
                    execute(connection, statement, kind=sql.SQL(kind), identity=sql.SQL(identity))
            if tables := catalog.tables(connection):
                names = sql.SQL(", ").join(table.identifier for table in tables)
                execute(connection, "TRUNCATE {names}", names=names)
    except BackupError as error:
        # What made the restore fail stays the outcome.
        logger.error("could not clear a database", extra={"database": name, "reason": str(error)})  # noqa: TRY400
