"""What stands in a database: its tables with their columns, its sequences, and what gets in the way of filling it."""

from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql

from services.backups.errors import BackupError

# The PostgreSQL schema that migrations make their tables in.
NAMESPACE = "public"
# Alembic's own table: a restore fills it by applying the migrations up to the recorded revision.
_REVISION_TABLE = "alembic_version"

_TABLES = """
    SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    WHERE c.relnamespace = %(namespace)s::regnamespace
        AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> %(revision_table)s
        AND NOT EXISTS (
            SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
        )
    GROUP BY c.relname ORDER BY c.relname
"""
_ELSEWHERE = """
    SELECT format('%%I.%%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
        AND n.nspname NOT IN (%(namespace)s, 'information_schema') AND n.nspname !~ '^pg_'
    ORDER BY 1
"""
# Whatever depends on the schema itself; not what comes and goes with an extension or, as indexes do, with a table.
_OBJECTS = """
    SELECT o.type, o.identity
    FROM pg_depend d, pg_identify_object(d.classid, d.objid, 0) o
    WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = %(namespace)s::regnamespace AND d.deptype = 'n'
        AND NOT EXISTS (
            SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e'
        )
    ORDER BY o.type <> 'table', o.type, o.identity
"""
_FOREIGN_KEYS = """
    SELECT t.relname, c.conname, pg_get_constraintdef(c.oid)
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
    WHERE c.contype = 'f' AND c.conparentid = 0 AND c.connamespace = %(namespace)s::regnamespace
    ORDER BY t.relname, c.conname
"""
_TRIGGERS = """
    SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND t.tgenabled = 'O' AND t.tgparentid = 0
        AND c.relnamespace = %(namespace)s::regnamespace
    ORDER BY c.relname, t.tgname
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table and the columns it stores, in their order."""

    name: str
    columns: tuple[str, ...]

    @property
    def identifier(self) -> sql.Identifier:
        """Its quoted name."""
        return sql.Identifier(NAMESPACE, self.name)

    def copy_out(self) -> sql.Composed:
        """Reads every row as text."""
        # Of a query, not of the table: that reads the partitions of a partitioned one too.
        return sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(self._columns(), self.identifier)

    def copy_in(self) -> sql.Composed:
        """Takes rows as text."""
        return sql.SQL("COPY {} ({}) FROM STDIN").format(self.identifier, self._columns())

    def _columns(self) -> sql.Composed:
        return sql.SQL(", ").join(sql.Identifier(name) for name in self.columns)


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key and the text that makes it again."""

    table: str
    name: str
    definition: str


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger that fires on changes of ordinary sessions."""

    table: str
    name: str


def tables(connection: Connection[Any]) -> list[Table]:
    """The tables that migrations made, by name."""
    rows = _select(connection, _TABLES, revision_table=_REVISION_TABLE)
    return [Table(name, tuple(columns)) for name, columns in rows]


def tables_elsewhere(connection: Connection[Any]) -> tuple[str, ...]:
    """The tables in other PostgreSQL schemas."""
    return tuple(name for (name,) in _select(connection, _ELSEWHERE))


def objects(connection: Connection[Any]) -> list[tuple[str, str]]:
    """Tables, types, functions and the like, each by its kind and its quoted name, as DROP wants them; tables first."""
    return [(kind, identity) for kind, identity in _select(connection, _OBJECTS)]


def sequences(connection: Connection[Any]) -> list[str]:
    """The sequences, those of serial and identity columns included, by name."""
    query = "SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = %(namespace)s::regnamespace ORDER BY 1"
    return [name for (name,) in _select(connection, query)]


def foreign_keys(connection: Connection[Any]) -> list[ForeignKey]:
    """The foreign keys of all tables."""
    return [ForeignKey(*row) for row in _select(connection, _FOREIGN_KEYS)]


def triggers(connection: Connection[Any]) -> list[Trigger]:
    """The triggers of all tables, constraints' own aside."""
    return [Trigger(*row) for row in _select(connection, _TRIGGERS)]


def revision(connection: Connection[Any]) -> str:
    """How far the migrations are applied. Raises BackupError if they never were."""
    if connection.execute("SELECT to_regclass(%s)", (f"{NAMESPACE}.{_REVISION_TABLE}",)).fetchone() == (None,):
        raise BackupError("the database has no schema yet: deploy its migrations first")
    query = sql.SQL("SELECT version_num FROM {}").format(sql.Identifier(NAMESPACE, _REVISION_TABLE))
    row = connection.execute(query).fetchone()
    if row is None:
        raise BackupError("the database has no schema yet: deploy its migrations first")
    return str(row[0])


def refuse_large_objects(connection: Connection[Any]) -> None:
    """Raises BackupError if there are any: COPY does not reach them, so the dump would not be whole."""
    if connection.execute("SELECT 1 FROM pg_largeobject_metadata LIMIT 1").fetchone():
        raise BackupError("the database holds large objects, which a dump does not: keep them in a bytea column")


def _select(connection: Connection[Any], query: str, **values: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode(), {"namespace": NAMESPACE, **values}).fetchall()
