"""Filling a database from a dump, and comparing the two."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, sql

from services.backups import catalog
from services.backups.bucket import StoredDump
from services.backups.budget import Budget
from services.backups.catalog import NAMESPACE, Table
from services.backups.dump import digest
from services.backups.errors import BackupError
from services.backups.manifest import Manifest, SequenceState, TableDump
from services.backups.rows import decompressed
from services.backups.session import execute, reporting


def load(connection: Connection[Any], stored: StoredDump, manifest: Manifest, budget: Budget) -> None:
    """Replaces the rows of a database that has the dump's schema by those of the dump: all of them, or none.

    Raises BackupError where tables, columns or sequences are not the dump's, a file is damaged, or rows break a rule.
    """
    tables = _matching(connection, manifest)
    with connection.transaction():
        with _without_rules(connection):
            if tables:
                # What migrations have put in is in the dump as well, as it was then.
                names = sql.SQL(", ").join(table.identifier for table in tables.values())
                execute(connection, "TRUNCATE {names}", names=names)
            for entry in manifest.tables:
                _fill(connection, tables[entry.name], entry, stored, budget)
        for sequence in manifest.sequences:
            _set(connection, sequence)


def compare(connection: Connection[Any], manifest: Manifest, budget: Budget) -> None:
    """Raises BackupError, naming each table and sequence that is not as the manifest says."""
    tables = _matching(connection, manifest)
    faults = []
    for entry in manifest.tables:
        found = digest(connection, tables[entry.name], budget)
        if found.rows != entry.rows:
            faults.append(f"table {entry.name} has {found.rows} rows, the dump says {entry.rows}")
        elif found.checksum != entry.checksum:
            faults.append(f"the {entry.rows} rows of table {entry.name} are not those that were dumped")
    for sequence in manifest.sequences:
        query = sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(NAMESPACE, sequence.name))
        if connection.execute(query).fetchone() != (sequence.last_value, sequence.is_called):
            faults.append(f"sequence {sequence.name} is not at {sequence.last_value}")
    if faults:
        raise BackupError("; ".join(faults))


def _matching(connection: Connection[Any], manifest: Manifest) -> Mapping[str, Table]:
    """The dump's tables in this database, with the columns in the dump's order. Raises BackupError."""
    present = {table.name: frozenset(table.columns) for table in catalog.tables(connection)}
    dumped = {entry.name: frozenset(entry.columns) for entry in manifest.tables}
    faults = [
        *(f"table {name} is not made by the migrations" for name in sorted(dumped.keys() - present.keys())),
        *(f"table {name} is not in the dump" for name in sorted(present.keys() - dumped.keys())),
        *(
            f"table {name} differs in the columns {', '.join(sorted(dumped[name] ^ present[name]))}"
            for name in sorted(dumped.keys() & present.keys())
            if dumped[name] != present[name]
        ),
    ]
    sequences = {sequence.name for sequence in manifest.sequences} ^ set(catalog.sequences(connection))
    faults += [f"sequence {name} is on one side only" for name in sorted(sequences)]
    if faults:
        raise BackupError(
            f"revision {manifest.revision} of {manifest.migrations} does not make what was dumped: {'; '.join(faults)}"
        )
    return {entry.name: Table(entry.name, entry.columns) for entry in manifest.tables}


@contextmanager
def _without_rules(connection: Connection[Any]) -> Iterator[None]:
    """Tables may be filled in any order meanwhile, and no trigger changes what they get. Afterwards all is checked.

    Foreign keys are dropped and made again: switching their checks off would need a superuser, which RDS gives nobody.
    """
    keys, triggers = catalog.foreign_keys(connection), catalog.triggers(connection)
    for key in keys:
        execute(connection, "ALTER TABLE {table} DROP CONSTRAINT {name}", table=key.table, name=key.name)
    for trigger in triggers:
        execute(connection, "ALTER TABLE {table} DISABLE TRIGGER {name}", table=trigger.table, name=trigger.name)
    yield
    for trigger in triggers:
        execute(connection, "ALTER TABLE {table} ENABLE TRIGGER {name}", table=trigger.table, name=trigger.name)
    for key in keys:
        definition = sql.SQL(key.definition)
        statement = "ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"
        execute(connection, statement, table=key.table, name=key.name, definition=definition)


def _fill(connection: Connection[Any], table: Table, entry: TableDump, stored: StoredDump, budget: Budget) -> None:
    try:
        with reporting(), connection.cursor() as cursor, cursor.copy(table.copy_in()) as copy:
            for text in decompressed(stored.chunks(entry.object)):
                budget.remaining_seconds()
                copy.write(text)
    except BackupError as error:
        raise BackupError(f"{entry.object} cannot be restored: {error}") from None


def _set(connection: Connection[Any], sequence: SequenceState) -> None:
    identifier = sql.Identifier(NAMESPACE, sequence.name).as_string(connection)
    connection.execute("SELECT setval(%s::regclass, %s, %s)", (identifier, sequence.last_value, sequence.is_called))
