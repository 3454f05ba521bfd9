"""The function that makes proven dumps and restores them, as Lambda calls it."""

import gzip
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import boto3
import pytest

from services import migrations
from services.backups import scratch
from services.backups.bucket import StoredDump
from services.backups.errors import BackupError
from services.settings import SettingsError
from tests.support.emulator import Aws
from tests.support.lambda_context import Context
from tests.support.postgres import PostgresServer, TestDatabase
from tests.workers.conftest import use_database
from workers.backups import handler as function

SCHEMA = "notifications"
TABLES = {"api_keys.copy.gz", "notifications.copy.gz", "outbox.copy.gz", "request_rates.copy.gz"}
DATABASES = "SELECT datname FROM pg_database WHERE datname LIKE 'backup_proof_%' OR datname LIKE 'restored_%'"


@pytest.fixture
def database(empty_database: TestDatabase) -> TestDatabase:
    """The schema with three rows in it."""
    migrations.apply(empty_database.connect(), SCHEMA)
    with empty_database.connect() as connection:
        connection.execute(
            "INSERT INTO notifications (id, channel, recipient, body)"
            " SELECT gen_random_uuid(), 'email', 'ada@example.com', 'hunter2 ' || n FROM generate_series(1, 3) n"
        )
    return empty_database


@pytest.fixture
def bucket(aws: Aws) -> str:  # noqa: ARG001  # leads the SDK to the emulator
    name = f"test-{uuid4().hex}"
    boto3.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture(autouse=True)
def fresh_environment(environment: pytest.MonkeyPatch, database: TestDatabase, aws: Aws, bucket: str) -> Iterator[None]:
    """An execution environment of the function that has not been called yet."""
    server = database.server
    use_database(environment, database, aws.secret({"username": server.user, "password": server.password}))
    environment.setenv("DATABASE_SCHEMA", SCHEMA)
    environment.setenv("BACKUPS_BUCKET", bucket)
    function._runtime.cache_clear()
    yield
    function._runtime.cache_clear()


def call(event: dict[str, Any] | None = None, *, seconds: float = 120) -> dict[str, Any]:
    answer = function.handler(event or {}, Context(seconds))
    # Lambda answers in JSON.
    restored: dict[str, Any] = json.loads(json.dumps(answer))
    return restored


def restore(key: str, into: str) -> dict[str, Any]:
    return call({"action": "restore", "key": key, "into": into})


def keys(bucket: str) -> set[str]:
    found = boto3.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])
    return {each["Key"].rsplit("/", 1)[-1] for each in found}


def spoil(monkeypatch: pytest.MonkeyPatch, name: str, content: bytes) -> None:
    """Lets a file of every dump arrive in the bucket otherwise than it was sent."""
    upload = StoredDump.upload

    def upload_and_spoil(stored: StoredDump, path: str, rows: Any) -> None:
        upload(stored, path, rows)
        if path.endswith(name):
            bucket = os.environ["BACKUPS_BUCKET"]
            boto3.client("s3").put_object(Bucket=bucket, Key=f"{stored.key}/{path}", Body=content)

    monkeypatch.setattr(StoredDump, "upload", upload_and_spoil)


def lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_a_dump_is_proven_and_leaves_nothing_on_the_server(database: TestDatabase, bucket: str) -> None:
    answer = call({"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
    assert (answer["tables"], answer["rows"]) == (4, 3)
    assert answer["bytes"] > 0
    assert answer["key"].startswith(f"dumps/{database.name}/")
    assert keys(bucket) == {*TABLES, "manifest.json", "proven.json"}
    assert database.rows(DATABASES) == []


def test_the_proof_says_when_and_what(bucket: str) -> None:
    key = call()["key"]
    proof = json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=f"{key}/proven.json")["Body"].read())
    assert proof["rows"] == 3
    assert proof["seconds"] > 0
    assert proof["proven_at"].endswith("Z")


@pytest.mark.parametrize(
    "content", [b"", b"no gzip", gzip.compress(b""), gzip.compress(b"hunter2\n")], ids=["empty", "other", "none", "bad"]
)
def test_a_corrupted_dump_is_not_called_proven(
    content: bytes, bucket: str, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, "notifications.copy.gz", content)
    with pytest.raises(BackupError, match=r"the dump dumps/.* is not proven: ") as raised:
        call()
    assert "hunter2" not in str(raised.value)
    assert keys(bucket) == {*TABLES, "manifest.json"}
    assert database.rows(DATABASES) == []


def test_a_schema_that_the_migrations_do_not_make_is_not_called_proven(database: TestDatabase, bucket: str) -> None:
    with database.connect() as connection:
        connection.execute("CREATE TABLE by_hand (id integer)")
    with pytest.raises(BackupError, match="table by_hand is not made by the migrations"):
        call()
    assert "proven.json" not in keys(bucket)


def test_a_revision_that_is_not_known_is_not_called_proven(database: TestDatabase) -> None:
    with database.connect() as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(BackupError, match=r"revision 9999 of notifications cannot be applied: .*9999"):
        call()


def test_a_database_without_schema_is_told(database: TestDatabase) -> None:
    with database.connect() as connection:
        connection.execute("DROP TABLE alembic_version")
    with pytest.raises(BackupError, match="deploy its migrations first"):
        call()


def test_too_little_time_is_told_before_lambda_ends_the_function(bucket: str) -> None:
    with pytest.raises(BackupError, match="give it a longer timeout"):
        call(seconds=function._RESERVE_SECONDS)
    assert keys(bucket) == set()


def test_what_an_ended_function_left_is_dropped_and_what_is_at_work_is_not(
    database: TestDatabase, postgres: PostgresServer
) -> None:
    now = datetime.now(UTC)
    old = f"backup_proof_{(now - scratch._ABANDONED_AFTER * 2).strftime(scratch._TIME)}_00000000"
    young = f"backup_proof_{now.strftime(scratch._TIME)}_00000000"
    with database.connect() as connection:
        for name in (old, young):
            connection.execute(f"CREATE DATABASE {name}".encode())
    call()
    assert database.rows(DATABASES) == [(young,)]
    with database.connect() as connection:
        connection.execute(f"DROP DATABASE {young}".encode())
    assert postgres.running


def test_a_restored_database_is_whole_and_stays(database: TestDatabase) -> None:
    key = call()["key"]
    with database.connect() as connection:
        before = connection.execute("SELECT * FROM notifications ORDER BY id").fetchall()
        connection.execute("DELETE FROM notifications")
    name = f"restored_{uuid4().hex}"
    answer = restore(key, name)
    restored = TestDatabase(database.server, name)
    assert restored.rows("SELECT * FROM notifications ORDER BY id") == before
    assert restored.rows("SELECT version_num FROM alembic_version") == [(answer["revision"],)]
    assert (answer["into"], answer["rows"], answer["tables"]) == (name, 3, 4)
    assert answer["key"] == key
    with database.connect() as connection:
        connection.execute(f"DROP DATABASE {name}".encode())


def test_a_restore_never_overwrites(database: TestDatabase) -> None:
    key = call()["key"]
    with pytest.raises(BackupError, match=f"database {database.name} holds tables .*rename"):
        restore(key, database.name)
    assert database.rows("SELECT count(*) FROM notifications") == [(3,)]


def test_a_database_that_was_emptied_can_be_restored_in_place(database: TestDatabase) -> None:
    key = call()["key"]
    with database.connect() as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    restore(key, database.name)
    assert database.rows("SELECT count(*) FROM notifications") == [(3,)]


def test_a_restore_that_fails_leaves_no_database(database: TestDatabase, bucket: str) -> None:
    key = call()["key"]
    boto3.client("s3").put_object(Bucket=bucket, Key=f"{key}/tables/notifications.copy.gz", Body=b"rotten")
    with pytest.raises(BackupError, match=r"tables/notifications\.copy\.gz cannot be restored: is damaged"):
        restore(key, f"restored_{uuid4().hex}")
    assert database.rows(DATABASES) == []


def test_a_dump_of_other_migrations_is_refused(bucket: str) -> None:
    key = call()["key"]
    s3 = boto3.client("s3")
    manifest = json.loads(s3.get_object(Bucket=bucket, Key=f"{key}/manifest.json")["Body"].read())
    s3.put_object(Bucket=bucket, Key=f"{key}/manifest.json", Body=json.dumps({**manifest, "migrations": "pages"}))
    with pytest.raises(BackupError, match="holds tables of pages, and this function restores notifications"):
        restore(key, "restored_other")


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"action": "destroy"}, "'dump', 'restore'"),
        ({"action": "restore"}, r"restore\.key: Field required; restore\.into: Field required"),
        ({"action": "restore", "key": "elsewhere", "into": "x"}, "restore.key"),
        ({"action": "restore", "key": "dumps/x/y", "into": 'x"; DROP'}, "restore.into"),
    ],
)
def test_another_request_is_refused_with_what_is_allowed(event: dict[str, Any], message: str) -> None:
    with pytest.raises(function.RequestError, match=message) as raised:
        call(event)
    assert '{"action": "dump"} (the default)' in str(raised.value)


def test_a_database_of_postgresql_is_no_target() -> None:
    with pytest.raises(BackupError, match="into is 'postgres'"):
        restore("dumps/x/y", "postgres")


def test_a_dump_that_is_not_there_is_told() -> None:
    with pytest.raises(BackupError, match=r"dumps/x/y/manifest\.json: .*NoSuchKey"):
        restore("dumps/x/y", "restored_never")


def test_metrics_tell_rows_bytes_and_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    answer = call()
    [metrics] = [line for line in lines(capsys.readouterr().out) if "_aws" in line]
    units = {each["Name"]: each["Unit"] for each in metrics["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert units == {
        "DumpsProven": "Count",
        "DumpRows": "Count",
        "DumpBytes": "Bytes",
        "DumpSeconds": "Seconds",
        "ProofSeconds": "Seconds",
    }
    assert metrics["DumpsProven"] == [1.0]
    assert metrics["DumpRows"] == [3.0]
    assert metrics["DumpBytes"] == [answer["bytes"]]
    assert metrics["service"] == os.environ["POWERTOOLS_SERVICE_NAME"]


def test_a_failure_counts_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, "notifications.copy.gz", b"rotten")
    with pytest.raises(BackupError):
        call()
    assert not [line for line in lines(capsys.readouterr().out) if "_aws" in line]


def test_logs_hold_no_content(capsys: pytest.CaptureFixture[str]) -> None:
    call()
    output = capsys.readouterr().out
    assert "hunter2" not in output
    assert "ada@example.com" not in output
    [done] = [line for line in lines(output) if line.get("message") == "done"]
    assert (done["action"], done["rows"]) == ("dump", 3)
    assert done["function_request_id"] == Context().aws_request_id


def test_a_misconfigured_function_names_what_it_lacks(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("BACKUPS_BUCKET")
    with pytest.raises(SettingsError, match="BACKUPS_BUCKET is missing"):
        call()
