"""Writing a dump: one consistent view of all tables, streamed into the bucket."""

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from psycopg import Connection, IsolationLevel, sql

from services.backups import catalog
from services.backups.bucket import DumpBucket, StoredDump
from services.backups.budget import Budget
from services.backups.catalog import NAMESPACE, Table
from services.backups.errors import BackupError
from services.backups.manifest import Manifest, SequenceState, TableDump
from services.backups.rows import CompressedRows, RowsDigest

logger = logging.getLogger(__name__)

_BUFFER_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Written:
    """A dump that is whole, and not proven yet. Its bytes are those of the compressed tables."""

    stored: StoredDump
    manifest: Manifest
    bytes: int


def write(
    connection: Connection[Any], bucket: DumpBucket, *, database: str, migrations: str, budget: Budget
) -> Written:
    """Dumps the database as it is at one instant, while others go on changing it. Raises BackupError."""
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    expected = catalog.tables(connection)
    with connection.transaction():
        # Before the view is taken: a migration that has rewritten a table in between would leave no rows in it.
        _hold(connection, expected)
        taken_at, server_version = _facts(connection)
        catalog.refuse_large_objects(connection)
        revision = catalog.revision(connection)
        tables = catalog.tables(connection)
        if {table.name for table in tables} != {table.name for table in expected}:
            raise BackupError("a migration made or dropped tables just now: dump again")
        stored = bucket.new_dump(database, taken_at)
        dumped, size = [], 0
        for table in tables:
            entry, table_bytes = _write_table(connection, table, stored, budget)
            dumped.append(entry)
            size += table_bytes
        # After the tables: sequences are not part of the view, and one that is ahead of its rows does no harm.
        sequences = [_state(connection, name) for name in catalog.sequences(connection)]
        left_out = catalog.tables_elsewhere(connection)
    if left_out:
        logger.warning("tables that are not in the dump", extra={"tables": left_out})
    manifest = Manifest(
        database=database,
        migrations=migrations,
        revision=revision,
        server_version=server_version,
        taken_at=taken_at,
        tables=tuple(dumped),
        sequences=tuple(sequences),
        left_out=left_out,
    )
    stored.write_manifest(manifest)
    return Written(stored, manifest, size)


def digest(connection: Connection[Any], table: Table, budget: Budget) -> RowsDigest:
    """Reads a whole table for its count and checksum."""
    read = RowsDigest()
    with connection.cursor() as cursor, cursor.copy(table.copy_out()) as rows:
        for row in rows:
            budget.remaining_seconds()
            read.add(row)
    return read


def _facts(connection: Connection[Any]) -> tuple[datetime, str]:
    row = connection.execute("SELECT now(), current_setting('server_version')").fetchone()
    assert row is not None  # noqa: S101  # a SELECT without FROM has one row
    taken_at, version = row
    return taken_at, str(version)


def _hold(connection: Connection[Any], tables: Sequence[Table]) -> None:
    """Keeps everybody from altering or dropping a table before it is read; reading and writing go on."""
    if tables:
        names = sql.SQL(", ").join(table.identifier for table in tables)
        connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(names))


def _write_table(
    connection: Connection[Any], table: Table, stored: StoredDump, budget: Budget
) -> tuple[TableDump, int]:
    name = f"tables/{quote(table.name, safe='')}.copy.gz"
    read = RowsDigest()
    with connection.cursor() as cursor, cursor.copy(table.copy_out()) as rows:
        compressed = CompressedRows(iter(rows), read, budget)
        stored.upload(name, io.BufferedReader(compressed, _BUFFER_BYTES))
    entry = TableDump(name=table.name, columns=table.columns, rows=read.rows, checksum=read.checksum, object=name)
    return entry, compressed.bytes_read


def _state(connection: Connection[Any], name: str) -> SequenceState:
    query = sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(NAMESPACE, name))
    row = connection.execute(query).fetchone()
    assert row is not None  # noqa: S101  # a sequence has one row
    return SequenceState(name=name, last_value=row[0], is_called=row[1])
