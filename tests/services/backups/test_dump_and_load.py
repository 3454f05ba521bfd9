"""What a dump holds, and what a database is filled with from it."""

import gzip
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import boto3
import psycopg
import pytest

from services.backups.bucket import DumpBucket
from services.backups.budget import Budget
from services.backups.dump import Written
from services.backups.errors import BackupError
from services.backups.load import compare
from services.backups.manifest import Manifest
from services.backups.session import Sessions
from tests.services.backups.dumping import EVERY_ROW, in_order, restore, write
from tests.support.eventually import eventually
from tests.support.postgres import TestDatabase


def test_a_dump_comes_back_as_it_was(
    sessions: Sessions, written: Written, empty_database: TestDatabase, other: str
) -> None:
    restore(sessions, written, other)
    restored = TestDatabase(empty_database.server, other)
    assert in_order(restored.rows(EVERY_ROW)) == in_order(empty_database.rows(EVERY_ROW))
    assert len(restored.rows(EVERY_ROW)) == 19 + 501 + 2 + 31


def test_what_is_inserted_next_continues_the_numbers(
    sessions: Sessions, written: Written, empty_database: TestDatabase, other: str
) -> None:
    restore(sessions, written, other)
    restored = TestDatabase(empty_database.server, other)
    # The 20th was deleted: its number is not given again.
    assert restored.rows("INSERT INTO authors (name) VALUES ('next') RETURNING id") == [(21,)]
    assert restored.rows("INSERT INTO books (author, title) VALUES (1, '') RETURNING id") == [(502,)]
    assert restored.rows("SELECT nextval('untouched')") == [(50,)]


def test_rules_are_back_in_force(
    sessions: Sessions, written: Written, empty_database: TestDatabase, other: str
) -> None:
    restore(sessions, written, other)
    restored = TestDatabase(empty_database.server, other)
    query = (
        "SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace ORDER BY 1"
    )
    assert restored.rows(query) == empty_database.rows(query)
    assert restored.rows("SELECT tgenabled FROM pg_trigger WHERE NOT tgisinternal") == [("O",)]


def test_a_manifest_tells_what_is_in_the_dump(sessions: Sessions, written: Written) -> None:
    manifest = written.stored.manifest()
    assert manifest == written.manifest
    assert {table.name: table.rows for table in manifest.tables} == {
        "authors": 19,
        "books": 501,
        'Odd "name" %': 2,
        "visits": 31,
    }
    assert (manifest.database, manifest.migrations, manifest.revision) == ("shop", "everything", "7")
    assert "words" not in next(table.columns for table in manifest.tables if table.name == "books")
    assert manifest.rows == 553
    assert written.stored.key == f"dumps/shop/{manifest.taken_at.strftime('%Y-%m-%dT%H:%M:%S.%fZ')}"
    assert sessions.database.startswith("test_")


def test_a_table_is_a_gzipped_file_of_rows(written: Written, bucket: DumpBucket) -> None:
    (entry,) = (table for table in written.manifest.tables if table.name == 'Odd "name" %')
    body = boto3.client("s3").get_object(Bucket=bucket.name, Key=f"{written.stored.key}/{entry.object}")["Body"].read()
    assert gzip.decompress(body) == b"1\t\\N\n2\t100 %\n"
    assert entry.object == "tables/Odd%20%22name%22%20%25.copy.gz"


def meanwhile(bucket: DumpBucket, action: Callable[[], None]) -> DumpBucket:
    """A bucket that lets something happen after the first table has arrived in it."""
    begun = threading.Event()

    class Interrupted(DumpBucket):
        def new_dump(self, *arguments: Any) -> Any:
            stored = super().new_dump(*arguments)
            upload = stored.upload

            def upload_and_act(name: str, content: Any) -> None:
                upload(name, content)
                if not begun.is_set():
                    begun.set()
                    action()

            stored.upload = upload_and_act  # type: ignore[method-assign]  # the only way between two tables
            return stored

    return Interrupted(bucket.name)


def test_all_tables_show_the_same_instant(sessions: Sessions, bucket: DumpBucket, empty_database: TestDatabase) -> None:
    """A row that is committed while the dump is under way is in none of the tables, not in the later ones."""

    def change() -> None:
        with empty_database.connect() as connection:
            connection.execute("INSERT INTO books (author, title) VALUES (1, 'late')")
            connection.execute("INSERT INTO visits VALUES ('2026-12-01', 'late')")

    manifest = write(sessions, meanwhile(bucket, change), Budget(60)).manifest
    assert empty_database.rows("SELECT count(*) FROM visits") == [(32,)]
    assert {table.name: table.rows for table in manifest.tables}["visits"] == 31
    assert {table.name: table.rows for table in manifest.tables}["books"] == 501


def test_no_table_is_altered_before_it_is_read(
    sessions: Sessions, bucket: DumpBucket, empty_database: TestDatabase
) -> None:
    refused = []

    def drop() -> None:
        with empty_database.connect() as connection:
            connection.execute("SET lock_timeout = '100ms'")
            try:
                connection.execute("DROP TABLE visits")
            except psycopg.errors.LockNotAvailable as error:
                refused.append(error)

    manifest = write(sessions, meanwhile(bucket, drop), Budget(60)).manifest
    assert refused
    assert {table.name: table.rows for table in manifest.tables}["visits"] == 31


@contextmanager
def writing_beside(
    statement: str, sessions: Sessions, bucket: DumpBucket, database: TestDatabase
) -> Iterator["Future[Written]"]:
    """A dump that has begun, and waits for a migration that has made its change and not ended yet."""
    with database.connect() as connection, ThreadPoolExecutor(1) as executor:
        with connection.transaction():
            connection.execute(statement.encode())
            writing = executor.submit(write, sessions, bucket, Budget(60))
            eventually(database.waiting)
        yield writing


def test_a_table_that_is_being_rewritten_is_in_the_dump_with_its_rows(
    sessions: Sessions, bucket: DumpBucket, empty_database: TestDatabase
) -> None:
    """A view from before sees nothing in a rewritten table: PostgreSQL does not keep the former rows for it."""
    statement = "ALTER TABLE visits ADD COLUMN number uuid NOT NULL DEFAULT gen_random_uuid()"
    with writing_beside(statement, sessions, bucket, empty_database) as writing:
        (visits,) = (table for table in writing.result().manifest.tables if table.name == "visits")
    assert visits.rows == 31
    assert "number" in visits.columns


def test_tables_that_come_while_a_dump_begins_are_told(
    sessions: Sessions, bucket: DumpBucket, empty_database: TestDatabase
) -> None:
    statement = "LOCK TABLE visits; CREATE TABLE late (id integer)"
    with (
        writing_beside(statement, sessions, bucket, empty_database) as writing,
        pytest.raises(BackupError, match="made or dropped tables just now: dump again"),
    ):
        writing.result()
    assert "late" in {table.name for table in write(sessions, bucket, Budget(60)).manifest.tables}


def test_a_table_larger_than_a_part_is_streamed(
    sessions: Sessions, bucket: DumpBucket, empty_database: TestDatabase, other: str, budget: Budget
) -> None:
    with empty_database.connect() as connection:
        # Hashes, since text that compresses would fit into one part.
        connection.execute(
            "INSERT INTO visits SELECT '2026-02-01', string_agg(sha512((n * 100 + m)::text::bytea)::text, '')"
            " FROM generate_series(1, 2500) n, generate_series(1, 100) m GROUP BY n"
        )
    written = write(sessions, bucket, budget)
    head = boto3.client("s3").head_object(Bucket=bucket.name, Key=f"{written.stored.key}/tables/visits.copy.gz")
    # S3 ends the tag of an object with the number of the parts it came in.
    assert int(head["ETag"].strip('"').split("-")[1]) > 1
    assert written.bytes > 8 * 1024 * 1024
    restore(sessions, written, other)


def test_a_dump_that_takes_too_long_says_so(sessions: Sessions, bucket: DumpBucket) -> None:
    budget = Budget(60)

    def take_long() -> None:
        budget._end = 0

    with pytest.raises(BackupError, match="not done within the 60 s"):
        write(sessions, meanwhile(bucket, take_long), budget)


def test_a_bucket_that_refuses_is_the_reason(sessions: Sessions, bucket: DumpBucket, budget: Budget) -> None:
    boto3.client("s3").delete_bucket(Bucket=bucket.name)
    with pytest.raises(BackupError, match=f"s3://{bucket.name}/dumps/shop/.*NoSuchBucket"):
        write(sessions, bucket, budget)


def test_checksums_do_not_depend_on_the_order(
    sessions: Sessions, written: Written, empty_database: TestDatabase, other: str
) -> None:
    restore(sessions, written, other)
    with TestDatabase(empty_database.server, other).connect() as connection:
        connection.execute("UPDATE visits SET visitor = visitor WHERE day < '2026-01-10'")
        budget = Budget(60)
        compare(connection, replace_tables(written.manifest), budget)


def replace_tables(manifest: Manifest) -> Manifest:
    return manifest.model_copy(update={"tables": tuple(reversed(manifest.tables))})
