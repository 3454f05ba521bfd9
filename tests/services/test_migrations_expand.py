"""Each migration only adds, so that the code of the release before it goes on working while it is applied."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from services import migrations
from tests.support.postgres import TestDatabase

_FOLDER = Path(migrations.__file__).parent
_STEPS = [
    (schema, [script.name[:4] for script in sorted((_FOLDER / schema).glob("[0-9]*.py"))])
    for schema in sorted({path.parent.name for path in _FOLDER.glob("*/0*.py")})
]

_QUERY = """
    SELECT table_name, column_name, udt_name,
           is_nullable = 'YES' OR column_default IS NOT NULL OR is_identity = 'YES' OR is_generated = 'ALWAYS'
    FROM information_schema.columns WHERE table_schema = 'public'
"""

Columns = Mapping[tuple[str, str], tuple[str, bool]]
"""By table and column: the type, and whether a row that does not name the column can be stored."""


def _columns(database: TestDatabase) -> Columns:
    return {(table, column): (kind, optional) for table, column, kind, optional in database.rows(_QUERY)}


def _contradictions(before: Columns, after: Columns) -> list[str]:
    tables = {table for table, _ in before}
    gone = [f"{table}.{column} is gone" for table, column in sorted(set(before) - set(after))]
    other = [
        f"{table}.{column} is another than before"
        for (table, column), (kind, optional) in sorted(before.items())
        if (table, column) in after and (after[table, column][0] != kind or (optional and not after[table, column][1]))
    ]
    needed = [
        f"{table}.{column} is new and must be given"
        for (table, column), (_, optional) in sorted(after.items())
        if table in tables and (table, column) not in before and not optional
    ]
    return gone + other + needed


@pytest.mark.parametrize(("schema", "revisions"), _STEPS, ids=lambda value: value if isinstance(value, str) else "")
def test_what_older_code_uses_stays(empty_database: TestDatabase, schema: str, revisions: list[str]) -> None:
    before: Columns = {}
    for revision in revisions:
        migrations.apply(empty_database.connect(), schema, revision=revision)
        after = _columns(empty_database)
        assert _contradictions(before, after) == [], f"{schema}/{revision} breaks the release before it"
        before = after


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("ALTER TABLE notifications DROP COLUMN claimed_by", "notifications.claimed_by is gone"),
        ("ALTER TABLE notifications RENAME COLUMN body TO text", "notifications.body is gone"),
        ("ALTER TABLE notifications ALTER attempts TYPE bigint", "notifications.attempts is another than before"),
        ("ALTER TABLE notifications ALTER subject SET NOT NULL", "notifications.subject is another than before"),
        ("ALTER TABLE notifications ADD region text NOT NULL", "notifications.region is new and must be given"),
    ],
)
def test_a_step_that_breaks_older_code_is_told(database: TestDatabase, statement: str, told: str) -> None:
    before = _columns(database)
    with database.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute(statement)
        after = {(table, column): (kind, optional) for table, column, kind, optional in connection.execute(_QUERY)}
    assert told in _contradictions(before, after)
