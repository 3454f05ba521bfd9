"""Dumps, proofs and restores by the user that the function signs in as."""

from collections.abc import Iterator

import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from services.backups.bucket import DumpBucket
from services.backups.budget import Budget
from services.backups.errors import BackupError
from services.backups.service import Backups
from services.backups.session import Sessions
from services.secret_values import SecretValues
from services.settings import DatabaseUrl
from tests.support.postgres import PostgresServer, TestDatabase, migrated_database

SCHEMA = "pages"


@pytest.fixture
def pages(postgres: PostgresServer) -> Iterator[TestDatabase]:
    with migrated_database(postgres, SCHEMA) as database:
        with database.connect() as connection:
            connection.execute(
                "INSERT INTO pages (slug, title, body) SELECT 'p' || n, 't', 'b' FROM generate_series(1, 9) n"
            )
        yield database


@pytest.fixture
def backups(pages: TestDatabase, bucket: DumpBucket) -> Backups:
    location = DatabaseUrl(DATABASE_URL=pages.url_of("dump"))
    sessions = Sessions(location, SecretValues(), application_name="backups")
    return Backups(sessions=sessions, bucket=bucket, migrations=SCHEMA)


def databases(pages: TestDatabase) -> set[str]:
    return {name for (name,) in pages.rows("SELECT datname FROM pg_database")}


def test_a_dump_is_made_and_proven_and_nothing_stays(backups: Backups, pages: TestDatabase) -> None:
    before = databases(pages)
    assert backups.back_up(Budget(60)).rows == 9
    assert databases(pages) == before


def test_a_restored_database_is_the_users_own_and_closed_to_others(
    backups: Backups, pages: TestDatabase, postgres: PostgresServer
) -> None:
    name = f"{pages.name}_restored"
    report = backups.back_up(Budget(60))
    try:
        assert backups.restore(report.key, name, Budget(60)).rows == 9
        restored = TestDatabase(postgres, name)
        owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        assert restored.rows(owner) == [("dump",)]
        assert restored.rows("SELECT has_database_privilege('web_1', current_database(), 'CONNECT')") == [(False,)]
        # It may be taken up again by the other login, after a rotation.
        assert restored.rows("SELECT pg_has_role('dump_2', 'dump', 'USAGE')") == [(True,)]
    finally:
        postgres.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def test_what_belongs_to_another_user_is_left_alone(backups: Backups, pages: TestDatabase) -> None:
    report = backups.back_up(Budget(60))
    with pytest.raises(BackupError, match=f"database {pages.name} belongs to another user than the one that restores"):
        backups.restore(report.key, pages.name, Budget(60))
    assert pages.rows("SELECT count(*) FROM pages") == [(9,)]


def test_rows_that_were_dumped_cannot_be_changed(backups: Backups) -> None:
    with backups.sessions.connect(Budget(60)) as connection:
        for statement in ("DELETE FROM pages", "TRUNCATE pages", "CREATE TABLE more (id integer)"):
            with pytest.raises(InsufficientPrivilege):
                connection.execute(statement.encode())
