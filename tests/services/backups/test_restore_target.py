"""What a restore leaves where it was to go: all of the dump, or what was there before."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from services import migrations
from services.backups import catalog, service, target
from services.backups.bucket import DumpBucket
from services.backups.budget import Budget
from services.backups.errors import BackupError
from services.backups.load import compare
from services.backups.service import Backups
from services.backups.session import Sessions
from services.secret_values import SecretValues
from services.settings import DatabaseUrl
from tests.services.backups.conftest import EVERYTHING
from tests.support.postgres import TestDatabase

SCHEMA = "notifications"
ROW = "INSERT INTO notifications (id, channel, recipient, body) VALUES (gen_random_uuid(), 'email', 'a@b.org', 'hello')"
COUNT = "SELECT count(*) FROM notifications"


@dataclass(frozen=True)
class Dumped:
    """A dump of one row, and the database that it is of."""

    source: TestDatabase
    backups: Backups
    key: str

    def restore(self, into: TestDatabase) -> None:
        self.backups.restore(self.key, into.name, Budget(60))

    def spoil(self) -> None:
        self._put("tables/notifications.copy.gz", b"rotten")

    def mend(self, content: bytes) -> None:
        self._put("tables/notifications.copy.gz", content)

    def table(self) -> bytes:
        key = f"{self.key}/tables/notifications.copy.gz"
        return bytes(boto3.client("s3").get_object(Bucket=self.backups.bucket.name, Key=key)["Body"].read())

    def _put(self, path: str, content: bytes) -> None:
        boto3.client("s3").put_object(Bucket=self.backups.bucket.name, Key=f"{self.key}/{path}", Body=content)


@pytest.fixture
def dumped(empty_database: TestDatabase, bucket: DumpBucket) -> Dumped:
    migrations.apply(empty_database.connect(), SCHEMA)
    with empty_database.connect() as connection:
        connection.execute(ROW.encode())
    sessions = Sessions(DatabaseUrl(DATABASE_URL=empty_database.url), SecretValues(), application_name="backups")
    backups = Backups(sessions=sessions, bucket=bucket, migrations=SCHEMA)
    return Dumped(empty_database, backups, backups.back_up(Budget(60)).key)


@pytest.fixture
def into(empty_database: TestDatabase) -> Iterator[TestDatabase]:
    """A database with nothing but a type in it."""
    made = TestDatabase(empty_database.server, f"{empty_database.name}_into")
    with empty_database.connect() as connection:
        connection.execute(f"CREATE DATABASE {made.name}".encode())
    with made.connect() as connection:
        connection.execute("CREATE TYPE shade AS ENUM ('light', 'dark')")
    yield made
    with empty_database.connect() as connection:
        connection.execute(f"DROP DATABASE {made.name} WITH (FORCE)".encode())


def objects(database: TestDatabase) -> list[tuple[str, str]]:
    with database.connect() as connection:
        return catalog.objects(connection)


def test_a_failed_restore_into_an_empty_database_leaves_it_as_it_was(dumped: Dumped, into: TestDatabase) -> None:
    table = dumped.table()
    dumped.spoil()
    for _ in range(2):
        with pytest.raises(BackupError, match="cannot be restored: is damaged"):
            dumped.restore(into)
        assert objects(into) == [("type", "public.shade")]
    dumped.mend(table)
    dumped.restore(into)
    assert into.rows(COUNT) == [(1,)]


def test_a_restore_that_was_cut_off_can_be_taken_up(dumped: Dumped, into: TestDatabase) -> None:
    migrations.apply(into.connect(), SCHEMA)
    made = objects(into)
    table = dumped.table()
    dumped.spoil()
    with pytest.raises(BackupError, match="is damaged"):
        dumped.restore(into)
    assert objects(into) == made
    dumped.mend(table)
    dumped.restore(into)
    assert into.rows(COUNT) == [(1,)]


def test_rows_that_are_not_those_of_the_dump_do_not_stay(
    dumped: Dumped, into: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def differ(*_: Any) -> None:
        assert into.rows(COUNT) == [(1,)]
        raise BackupError("different")

    migrations.apply(into.connect(), SCHEMA)
    monkeypatch.setattr(service, "compare", differ)
    with pytest.raises(BackupError, match="different"):
        dumped.restore(into)
    assert into.rows(COUNT) == [(0,)]


@pytest.mark.parametrize(
    "change",
    [
        ROW,
        "CREATE TABLE other (id integer)",
        "ALTER TABLE notifications ADD COLUMN other integer",
        "UPDATE alembic_version SET version_num = '0000'",
        "DROP TABLE alembic_version",
    ],
    ids=["rows", "table", "column", "revision", "no revision"],
)
def test_what_no_restore_has_left_is_refused(dumped: Dumped, into: TestDatabase, change: str) -> None:
    migrations.apply(into.connect(), SCHEMA)
    with into.connect() as connection:
        connection.execute(change.encode())
    made = objects(into)
    with pytest.raises(BackupError, match=f"database {into.name} holds tables"):
        dumped.restore(into)
    assert objects(into) == made


def test_a_new_database_has_its_name_when_it_is_whole(dumped: Dumped, monkeypatch: pytest.MonkeyPatch) -> None:
    new = TestDatabase(dumped.source.server, f"{dumped.source.name}_new")
    names: list[str] = []

    def look_and_compare(*arguments: Any) -> None:
        names.extend(name for (name,) in dumped.source.rows("SELECT datname FROM pg_database"))
        compare(*arguments)

    monkeypatch.setattr(service, "compare", look_and_compare)
    dumped.restore(new)
    assert new.name not in names
    # What a killed function leaves there is dropped by the next one.
    [unfinished] = [name for name in names if name.startswith("backup_proof_")]
    assert dumped.source.rows(f"SELECT count(*) FROM pg_database WHERE datname = '{unfinished}'") == [(0,)]  # noqa: S608
    assert new.rows(COUNT) == [(1,)]
    with dumped.source.connect() as connection:
        connection.execute(f"DROP DATABASE {new.name}".encode())


def make_everything_and_fail(dumped: Dumped, into: TestDatabase) -> None:
    manifest = dumped.backups.bucket.dump(dumped.key).manifest()
    with (
        target.opened(dumped.backups.sessions, into.name, manifest, Budget(60)) as name,
        TestDatabase(into.server, name).connect() as connection,
    ):
        connection.execute(EVERYTHING.encode())
        connection.execute(
            "CREATE EXTENSION btree_gist; CREATE DOMAIN natural_number AS integer CHECK (VALUE > 0);"
            "CREATE VIEW readers AS SELECT DISTINCT visitor FROM visits; CREATE TABLE tones (is_a shade)"
        )
        raise KeyboardInterrupt


def test_everything_that_was_made_is_removed(dumped: Dumped, into: TestDatabase) -> None:
    with pytest.raises(KeyboardInterrupt):
        make_everything_and_fail(dumped, into)
    assert objects(into) == [("type", "public.shade")]


def test_a_restore_beside_another_one_is_refused(dumped: Dumped, into: TestDatabase) -> None:
    """If it failed, it would remove the tables of the other one with its own."""
    manifest = dumped.backups.bucket.dump(dumped.key).manifest()
    with (
        target.opened(dumped.backups.sessions, into.name, manifest, Budget(60)),
        pytest.raises(BackupError, match=f"another restore into database {into.name} is under way"),
    ):
        dumped.restore(into)
    dumped.restore(into)
    assert into.rows(COUNT) == [(1,)]
