"""What the tests of dumps share: a server, a bucket, and a schema with everything that a dump has to bear."""

from collections.abc import Iterator
from uuid import uuid4

import boto3
import pytest

from services.backups.bucket import DumpBucket
from services.backups.budget import Budget
from services.backups.dump import Written
from services.backups.session import Sessions
from services.secret_values import SecretValues
from services.settings import DatabaseUrl
from tests.services.backups.dumping import write
from tests.support.emulator import Aws, aws, emulator
from tests.support.postgres import TestDatabase, empty_database, postgres

__all__ = ["aws", "empty_database", "emulator", "postgres"]

EVERYTHING = """
    CREATE TYPE mood AS ENUM ('glad', 'sad');
    CREATE TABLE authors (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED,
        favourite integer
    );
    CREATE TABLE books (
        id serial PRIMARY KEY,
        author bigint NOT NULL REFERENCES authors DEFERRABLE INITIALLY DEFERRED,
        title text NOT NULL,
        words tsvector GENERATED ALWAYS AS (to_tsvector('english', title)) STORED,
        shouted text,
        key uuid NOT NULL DEFAULT gen_random_uuid(),
        extra jsonb,
        cover bytea,
        price numeric(10, 2),
        weight double precision,
        tags text[],
        feeling mood,
        open_for interval,
        published timestamptz
    );
    -- Each table needs the other: neither can be filled first.
    ALTER TABLE authors ADD FOREIGN KEY (favourite) REFERENCES books (id);
    CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN NEW.shouted = upper(NEW.title) || clock_timestamp(); RETURN NEW; END $$;
    CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON books FOR EACH ROW EXECUTE FUNCTION shout();
    CREATE TABLE "Odd ""name"" %" ("select" integer PRIMARY KEY, "select it" text);
    CREATE TABLE visits (day date NOT NULL, visitor text) PARTITION BY RANGE (day);
    CREATE TABLE visits_2026 PARTITION OF visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE SEQUENCE untouched START 50;
"""
ROWS = """
    INSERT INTO authors (name) SELECT 'author ' || n FROM generate_series(1, 20) n;
    DELETE FROM authors WHERE name = 'author 20';
    INSERT INTO books (author, title, extra, cover, price, weight, tags, feeling, open_for, published)
    SELECT 1 + n % 19, E'tab\\t, newline\\n, backslash \\\\, \\\\N and 日本 ' || n, '{"a": [1, null, "é"]}', '\\x00ff',
        n / 3.0, n / 3.0, ARRAY['x', NULL, '{,}'], 'sad', '1 month 2 days', '2026-03-29 02:30:00+01'
    FROM generate_series(1, 500) n;
    INSERT INTO books (author, title) VALUES (3, '');
    UPDATE authors SET favourite = id;
    INSERT INTO "Odd ""name"" %" VALUES (1, NULL), (2, '100 %');
    INSERT INTO visits SELECT '2026-01-01'::date + n, 'v' FROM generate_series(0, 30) n;
"""


@pytest.fixture
def sessions(empty_database: TestDatabase) -> Sessions:
    """Sessions in a database that holds everything."""
    with empty_database.connect() as connection:
        connection.execute("CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('7')")
        connection.execute(EVERYTHING.encode())
        connection.execute(ROWS.encode())
    return Sessions(DatabaseUrl(DATABASE_URL=empty_database.url), SecretValues(), application_name="backups")


@pytest.fixture
def bucket(aws: Aws) -> DumpBucket:  # noqa: ARG001  # leads the SDK to the emulator
    """An empty bucket of the test's own."""
    name = f"test-{uuid4().hex}"
    boto3.client("s3").create_bucket(Bucket=name)
    return DumpBucket(name)


@pytest.fixture
def other(empty_database: TestDatabase) -> Iterator[str]:
    """The name of another database on the server, with the same schema and no rows."""
    name = f"{empty_database.name}_other"
    with empty_database.connect() as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        with TestDatabase(empty_database.server, name).connect() as target:
            target.execute("CREATE TABLE alembic_version (version_num text)")
            target.execute(EVERYTHING.encode())
        yield name
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture
def budget() -> Budget:
    """More time than any test takes."""
    return Budget(60)


@pytest.fixture
def written(sessions: Sessions, bucket: DumpBucket, budget: Budget) -> Written:
    return write(sessions, bucket, budget)
