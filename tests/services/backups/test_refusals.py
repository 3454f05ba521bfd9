"""What is no faithful dump, and what cannot be dumped, is refused with its reason."""

import gzip
import io
from collections.abc import Callable

import boto3
import pytest
from psycopg.conninfo import make_conninfo

from services.backups.bucket import DumpBucket
from services.backups.budget import Budget
from services.backups.dump import Written
from services.backups.errors import BackupError
from services.backups.load import compare
from services.backups.session import Sessions
from services.secret_values import SecretValues
from services.settings import DatabaseUrl
from tests.services.backups.dumping import EVERY_ROW, in_order, restore, write
from tests.support.postgres import TestDatabase


def _truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]


def _other_value(content: bytes) -> bytes:
    return gzip.compress(gzip.decompress(content).replace(b"author 7", b"author X"))


def _one_less(content: bytes) -> bytes:
    return gzip.compress(gzip.decompress(content).partition(b"\n")[2].replace(b"\t20\n", b"\t\\N\n"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_truncated, "tables/authors.copy.gz cannot be restored: ends too early"),
        (_flipped, "authors"),
        (_other_value, "the 19 rows of table authors are not those that were dumped"),
        (_one_less, 'violates foreign key constraint "books_author_fkey"'),
        (lambda _content: gzip.compress(b""), "violates foreign key"),
        (lambda _content: b"no gzip", "is damaged"),
        (lambda _content: gzip.compress(b"nonsense\n"), r"tables/authors\.copy\.gz cannot be restored: PostgreSQL: "),
    ],
)
def test_a_damaged_file_is_noticed(
    sessions: Sessions, written: Written, other: str, change: Callable[[bytes], bytes], reason: str
) -> None:
    content = b"".join(written.stored.chunks("tables/authors.copy.gz"))
    written.stored.upload("tables/authors.copy.gz", io.BytesIO(change(content)))
    with pytest.raises(BackupError, match=reason):
        restore(sessions, written, other)


def test_a_missing_file_is_noticed(sessions: Sessions, written: Written, bucket: DumpBucket, other: str) -> None:
    boto3.client("s3").delete_object(Bucket=bucket.name, Key=f"{written.stored.key}/tables/books.copy.gz")
    with pytest.raises(BackupError, match=r"tables/books\.copy\.gz.*NoSuchKey"):
        restore(sessions, written, other)


def test_a_failed_load_leaves_the_database_as_it_was(
    sessions: Sessions, written: Written, bucket: DumpBucket, empty_database: TestDatabase
) -> None:
    before = in_order(empty_database.rows(EVERY_ROW))
    boto3.client("s3").delete_object(Bucket=bucket.name, Key=f"{written.stored.key}/tables/visits.copy.gz")
    with pytest.raises(BackupError):
        restore(sessions, written, empty_database.name)
    assert in_order(empty_database.rows(EVERY_ROW)) == before


def test_a_sequence_that_is_behind_is_noticed(sessions: Sessions, written: Written, other: str, budget: Budget) -> None:
    restore(sessions, written, other)
    with sessions.opened(budget, other) as connection:
        connection.execute("SELECT setval('books_id_seq', 3)")
        with pytest.raises(BackupError, match="sequence books_id_seq is not at 501"):
            compare(connection, written.manifest, budget)


def test_a_row_too_many_is_noticed(
    sessions: Sessions, written: Written, empty_database: TestDatabase, budget: Budget
) -> None:
    with empty_database.connect() as connection:
        connection.execute("INSERT INTO visits VALUES ('2026-12-01', 'late')")
    with sessions.opened(budget) as connection, pytest.raises(BackupError, match="visits has 32 rows"):
        compare(connection, written.manifest, budget)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("DROP TABLE visits", "table visits is not made by the migrations"),
        ("CREATE TABLE more (id integer)", "table more is not in the dump"),
        ("ALTER TABLE visits ADD COLUMN note text", "table visits differs in the columns note"),
        ("DROP SEQUENCE untouched", "sequence untouched is on one side only"),
    ],
)
def test_another_schema_is_refused(
    sessions: Sessions, written: Written, other: str, statement: str, reason: str
) -> None:
    with sessions.opened(Budget(60), other) as connection:
        connection.execute(statement.encode())
    with pytest.raises(BackupError, match=reason):
        restore(sessions, written, other)


def test_a_database_without_schema_is_refused(
    sessions: Sessions, bucket: DumpBucket, empty_database: TestDatabase, budget: Budget
) -> None:
    with empty_database.connect() as connection:
        connection.execute("DROP TABLE alembic_version")
    with pytest.raises(BackupError, match="has no schema yet"):
        write(sessions, bucket, budget)


def test_large_objects_are_refused(
    sessions: Sessions, bucket: DumpBucket, empty_database: TestDatabase, budget: Budget
) -> None:
    with empty_database.connect() as connection:
        connection.execute("SELECT lo_create(0)")
    with pytest.raises(BackupError, match="large objects"):
        write(sessions, bucket, budget)


def test_rows_that_a_policy_hides_are_not_left_out_silently(
    sessions: Sessions, bucket: DumpBucket, empty_database: TestDatabase, budget: Budget
) -> None:
    role = f"dumper_{empty_database.name}"
    with sessions.opened(budget) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'dumper' IN ROLE pg_read_all_data".encode())
        connection.execute("ALTER TABLE visits ENABLE ROW LEVEL SECURITY")
    url = make_conninfo(empty_database.url, user=role, password="dumper")
    limited = Sessions(DatabaseUrl(DATABASE_URL=url), SecretValues(), application_name="backups")
    try:
        with pytest.raises(BackupError, match="row-level security policy for table"):
            write(limited, bucket, budget)
    finally:
        with sessions.opened(budget) as connection:
            connection.execute(f"DROP ROLE {role}".encode())


def test_tables_of_other_schemas_are_named(
    sessions: Sessions, bucket: DumpBucket, empty_database: TestDatabase, budget: Budget
) -> None:
    with empty_database.connect() as connection:
        connection.execute("CREATE SCHEMA aside CREATE TABLE notes (id integer)")
    assert write(sessions, bucket, budget).manifest.left_out == ("aside.notes",)


def test_a_manifest_that_is_none_is_refused(written: Written, bucket: DumpBucket) -> None:
    boto3.client("s3").put_object(Bucket=bucket.name, Key=f"{written.stored.key}/manifest.json", Body=b'{"format": 2}')
    with pytest.raises(BackupError, match=r"manifest\.json is no manifest of a dump: format"):
        written.stored.manifest()
