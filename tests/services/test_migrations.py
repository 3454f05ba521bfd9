"""The schema, from nothing to its present form."""

import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from services import migrations
from tests.support.eventually import eventually
from tests.support.postgres import TestDatabase

VERSION = "SELECT version_num FROM alembic_version"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
SCHEMA = "notifications"
FOLDER = Path(migrations.__file__).parent
VERSIONS = FOLDER / SCHEMA


@pytest.fixture
def extra_migration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Makes the schema end with one more migration that runs the given statements."""
    folder = tmp_path / "migrations"
    (folder / SCHEMA).mkdir(parents=True)
    for script in [FOLDER / "env.py", *VERSIONS.glob("*.py")]:
        target = folder / script.relative_to(FOLDER)
        target.write_text(script.read_text())

    def add(*statements: str) -> None:
        revisions = sorted(path.stem.split("_")[0] for path in VERSIONS.glob("[0-9]*.py"))
        steps = "\n".join(f"    op.execute({statement!r})" for statement in statements)
        (folder / SCHEMA / "9999_extra.py").write_text(
            f"from alembic import op\nrevision = '9999'\ndown_revision = {revisions[-1]!r}\ndef upgrade():\n{steps}\n"
        )
        monkeypatch.setattr(migrations, "__file__", str(folder / "__init__.py"))

    return add


def apply(database: TestDatabase) -> str:
    return migrations.apply(database.connect(), SCHEMA)


def test_an_empty_database_gets_the_whole_schema(empty_database: TestDatabase) -> None:
    revision = apply(empty_database)
    assert empty_database.rows(VERSION) == [(revision,)]
    tables = ["alembic_version", "api_keys", "notifications", "outbox", "request_rates"]
    assert empty_database.rows(TABLES) == [(table,) for table in tables]


@pytest.mark.parametrize("schema", sorted({path.parent.name for path in FOLDER.glob("*/0*.py")}))
def test_every_schema_can_be_made_from_nothing(empty_database: TestDatabase, schema: str) -> None:
    revision = migrations.apply(empty_database.connect(), schema)
    last = max(path.stem.split("_")[0] for path in (FOLDER / schema).glob("[0-9]*.py"))
    assert empty_database.rows(VERSION) == [(revision,)] == [(last,)]
    assert len(empty_database.rows(TABLES)) > 1


def test_a_schema_that_does_not_exist_is_named_beside_those_that_do(empty_database: TestDatabase) -> None:
    for wrong in ("notification", "", "..", "notifications/"):
        with pytest.raises(
            migrations.MigrationError, match=f"no schema '{wrong}': set DATABASE_SCHEMA .*notifications"
        ):
            migrations.apply(empty_database.connect(), wrong)
    assert empty_database.rows(TABLES) == []


def test_it_goes_as_far_as_asked(empty_database: TestDatabase, extra_migration: Callable[..., None]) -> None:
    extra_migration("CREATE TABLE newer (id int)")
    assert migrations.apply(empty_database.connect(), SCHEMA, revision="0001") == "0001"
    assert ("newer",) not in empty_database.rows(TABLES)
    assert apply(empty_database) == "9999"
    # Never backwards.
    assert migrations.apply(empty_database.connect(), SCHEMA, revision="0001") == "9999"


def test_running_again_changes_nothing(empty_database: TestDatabase) -> None:
    revision = apply(empty_database)
    before = empty_database.rows("SELECT oid, relname FROM pg_class ORDER BY 1")
    assert apply(empty_database) == revision
    assert empty_database.rows("SELECT oid, relname FROM pg_class ORDER BY 1") == before


def test_concurrent_runs_wait_for_each_other(empty_database: TestDatabase) -> None:
    with ThreadPoolExecutor(4) as executor:
        revisions = list(executor.map(apply, [empty_database] * 4))
    assert len(set(revisions)) == 1
    assert empty_database.rows(VERSION) == [(revisions[0],)]


def test_a_run_that_waits_too_long_says_so(empty_database: TestDatabase) -> None:
    with empty_database.connect() as other:
        other.execute("SELECT pg_advisory_lock(%s)", (migrations._ADVISORY_LOCK,))
        impatient = empty_database.connect()
        impatient.execute("SET statement_timeout = '1s'")
        with pytest.raises(migrations.MigrationError, match="statement timeout"):
            migrations.apply(impatient, SCHEMA)
    assert apply(empty_database)


def test_another_run_is_waited_for_longer_than_a_table(
    empty_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "_LOCK_TIMEOUT_SECONDS", 0.2)
    with empty_database.connect() as other, ThreadPoolExecutor(1) as executor:
        other.execute("SELECT pg_advisory_lock(%s)", (migrations._ADVISORY_LOCK,))
        waiting = executor.submit(apply, empty_database)
        time.sleep(0.8)
        assert not waiting.done()
        other.execute("SELECT pg_advisory_unlock(%s)", (migrations._ADVISORY_LOCK,))
        assert waiting.result(20)


def test_a_table_in_use_is_not_waited_for_for_long(
    empty_database: TestDatabase, extra_migration: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(empty_database)
    extra_migration("ALTER TABLE notifications ADD COLUMN note text")
    monkeypatch.setattr(migrations, "_LOCK_TIMEOUT_SECONDS", 0.2)
    with empty_database.connect() as other, other.transaction():
        other.execute("LOCK TABLE notifications")
        with pytest.raises(migrations.MigrationError, match="lock timeout"):
            apply(empty_database)


def test_a_later_migration_is_applied_on_top_and_keeps_the_rows(
    empty_database: TestDatabase, extra_migration: Callable[..., None]
) -> None:
    apply(empty_database)
    with empty_database.connect() as connection:
        connection.execute(
            "INSERT INTO notifications (id, channel, recipient, body) VALUES (gen_random_uuid(), 'sms', '+1', 'World')"
        )
    extra_migration("ALTER TABLE notifications ADD COLUMN note text")
    assert apply(empty_database) == "9999"
    assert empty_database.rows("SELECT body, note FROM notifications") == [("World", None)]


def test_a_failing_migration_leaves_nothing_behind_and_gives_its_reason(
    empty_database: TestDatabase, extra_migration: Callable[..., None]
) -> None:
    revision = apply(empty_database)
    extra_migration("CREATE TABLE half_done (id int)", "ALTER TABLE nonsense ADD COLUMN note text")
    with pytest.raises(migrations.MigrationError, match='relation "nonsense" does not exist'):
        apply(empty_database)
    assert empty_database.rows(VERSION) == [(revision,)]
    assert ("half_done",) not in empty_database.rows(TABLES)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("CREATE UNIQUE INDEX by_body ON notifications (body)", 'could not create unique index "by_body"'),
        ("ALTER TABLE notifications ADD CONSTRAINT short CHECK (length(body) < 3)", 'check constraint "short"'),
        ("ALTER TABLE notifications ALTER body TYPE integer USING body::integer", "InvalidTextRepresentation"),
    ],
)
def test_a_row_that_does_not_fit_is_not_quoted(
    empty_database: TestDatabase, extra_migration: Callable[..., None], statement: str, told: str
) -> None:
    apply(empty_database)
    with empty_database.connect() as connection:
        connection.execute(
            "INSERT INTO notifications (id, channel, recipient, body)"
            " SELECT gen_random_uuid(), 'sms', '+1', 'hunter2' FROM generate_series(1, 2)"
        )
    extra_migration(statement)
    with pytest.raises(migrations.MigrationError, match=rf"{told}.* \(SQLSTATE \w+\)") as failed:
        apply(empty_database)
    assert "hunter2" not in "".join(traceback.format_exception(failed.value))


def test_a_failed_run_holds_no_lock(empty_database: TestDatabase, extra_migration: Callable[..., None]) -> None:
    extra_migration("SELECT 1/0")
    for _ in range(2):
        with pytest.raises(migrations.MigrationError, match="DivisionByZero"):
            apply(empty_database)
    # Its session may end a moment after it has left.
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    eventually(lambda: empty_database.rows(held) == [(0,)])


def test_older_code_leaves_a_newer_schema_alone(
    empty_database: TestDatabase, extra_migration: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    extra_migration("CREATE TABLE newer (id int)")
    apply(empty_database)
    monkeypatch.undo()
    assert apply(empty_database) == "9999"
    assert ("newer",) in empty_database.rows(TABLES)


def row(**changes: Any) -> dict[str, Any]:
    return {
        "id": "7f5a1f6e-0d9b-4f3c-9a55-0c5f6f0f7f11",
        "idempotency_key": None,
        "channel": "email",
        "recipient": "ada@example.com",
        "body": "World",
        "status": "queued",
        "attempts": 0,
        "last_error": None,
        "sent_at": None,
        **changes,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"idempotency_key": ""},
        {"idempotency_key": "a" * 256},
        {"channel": "fax"},
        {"recipient": None},
        {"body": None},
        {"status": "done"},
        {"attempts": -1},
        {"status": "sent"},
        {"sent_at": "2026-01-31"},
        {"status": "failed"},
    ],
)
def test_rows_that_contradict_themselves_are_refused(database: TestDatabase, changes: dict[str, Any]) -> None:
    insert = (
        "INSERT INTO notifications"
        " (id, idempotency_key, channel, recipient, body, status, attempts, last_error, sent_at)"
        " VALUES (%(id)s, %(idempotency_key)s, %(channel)s, %(recipient)s, %(body)s, %(status)s, %(attempts)s,"
        " %(last_error)s, %(sent_at)s)"
    )
    with database.connect() as connection:
        with pytest.raises(Exception, match="violates"):
            connection.execute(insert, row(**changes))
        connection.execute(insert, row())


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("TRUE", "notifications_by_age"),
        ("status = 'failed'", "notifications_by_status"),
        ("channel = 'sms'", "notifications_by_channel"),
    ],
)
def test_each_list_has_its_index(database: TestDatabase, condition: str, index: str) -> None:
    """Among many notifications, few of which are such: of an empty table the planner's guess depends on its age."""
    with database.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute(
            """
            INSERT INTO notifications (id, channel, recipient, body, status, last_error)
            SELECT gen_random_uuid(), CASE n % 100 WHEN 1 THEN 'sms' ELSE 'email' END, 'to', 'text',
                   CASE n % 100 WHEN 2 THEN 'failed' ELSE 'queued' END, CASE n % 100 WHEN 2 THEN 'refused' END
            FROM generate_series(1, 5000) AS n
            """
        )
        connection.execute("ANALYZE notifications")
        query = "EXPLAIN SELECT id FROM notifications WHERE ? ORDER BY created_at DESC, id DESC LIMIT 20"
        plan = "\n".join(line for (line,) in connection.execute(query.replace("?", condition).encode()))
    assert index in plan
