"""What the users of a database may do, and that it is all that they may."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.errors import InsufficientPrivilege

from services import database_users, migrations
from services.database_users import Credentials, logins, other_login, set_password, settle
from services.migrations.rights import RightsError, rights
from tests.support.postgres import PostgresServer, TestDatabase

MASTER = "master_of_tests"
SCHEMA = "notifications"
PASSWORD = "the first one"


class Owned(TestDatabase):
    """A database whose owner is what RDS makes of a master user: one who makes roles, and no superuser."""

    @property
    def url(self) -> str:
        return make_conninfo(self.server.url(self.name), user=MASTER)


@pytest.fixture
def owned(postgres: PostgresServer) -> Iterator[Owned]:
    name = f"test_{uuid4().hex}"
    before = roles(postgres)
    postgres.execute(
        sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {}").format(
            sql.Identifier(MASTER), sql.Literal(postgres.password)
        )
    )
    postgres.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(MASTER)))
    database = Owned(postgres, name)
    migrations.apply(database.connect(), SCHEMA)
    yield database
    postgres.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    for role in roles(postgres) - before:
        postgres.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)))
    for role in roles(postgres) - before:
        postgres.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def roles(postgres: PostgresServer) -> set[str]:
    with psycopg.connect(postgres.url("postgres")) as connection:
        return {name for (name,) in connection.execute("SELECT rolname FROM pg_roles").fetchall()}


Declare = Callable[[str], None]


@pytest.fixture
def declare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Declare:
    """Lets a text stand for the rights of the schema."""
    (tmp_path / SCHEMA).mkdir()
    monkeypatch.setattr(database_users, "rights", lambda schema: rights(schema, tmp_path))

    def write(text: str) -> None:
        (tmp_path / SCHEMA / "rights.toml").write_text(text)

    return write


def settled(owned: Owned, *users: str, password: str = PASSWORD) -> None:
    with owned.connect() as connection:
        given = {user: Credentials(username=logins(user)[0], password=password) for user in users}
        settle(connection, SCHEMA, given)


def signed_in(owned: Owned, login: str, password: str = PASSWORD, name: str = "") -> psycopg.Connection[Any]:
    url = make_conninfo(owned.url, user=login, password=password, dbname=name or owned.name)
    return psycopg.connect(url, autocommit=True)


READER = '[reader.tables.notifications]\nselect = ["id", "status"]\n'


def test_a_user_does_what_is_declared_and_nothing_else(owned: Owned, declare: Declare) -> None:
    declare(READER + '[writer.tables.notifications]\ninsert = ["id", "channel", "recipient", "body"]\n')
    settled(owned, "reader", "writer")
    with signed_in(owned, "writer_1") as writer:
        writer.execute(
            "INSERT INTO notifications (id, channel, recipient, body) VALUES (gen_random_uuid(), 'sms', '+1', 'x')"
        )
    with signed_in(owned, "reader_1") as reader:
        assert reader.execute("SELECT status FROM notifications").fetchone() == ("queued",)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT body FROM notifications",
        "SELECT * FROM notifications",
        "SELECT * FROM outbox",
        "SELECT * FROM alembic_version",
        "INSERT INTO notifications (id) VALUES (gen_random_uuid())",
        "UPDATE notifications SET status = 'sent'",
        "DELETE FROM notifications",
        "TRUNCATE notifications",
        "DROP TABLE notifications",
        "ALTER TABLE notifications ADD COLUMN more text",
        "CREATE TABLE more (id integer)",
        "CREATE TEMPORARY TABLE more (id integer)",
        "CREATE SCHEMA more",
        "CREATE DATABASE more",
        "CREATE ROLE more",
        "CREATE FUNCTION more() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "ALTER ROLE other_1 PASSWORD 'mine'",
        "GRANT other TO reader_1",
        "SET ROLE other",
        "SELECT rolpassword FROM pg_authid",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT setval('outbox_position_seq', 1)",
    ],
)
def test_what_is_not_declared_is_refused(owned: Owned, declare: Declare, statement: str) -> None:
    declare(READER + "[other.tables.outbox]\nselect = true\n")
    settled(owned, "reader", "other")
    with signed_in(owned, "reader_1") as reader, pytest.raises(InsufficientPrivilege):
        reader.execute(statement.encode())


def test_a_user_connects_to_its_own_database_only(owned: Owned, declare: Declare) -> None:
    declare(READER)
    other = f"{owned.name}_other"
    with owned.connect() as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(other)))
    try:
        settled(owned, "reader")
        with pytest.raises(psycopg.OperationalError, match="User does not have CONNECT privilege"):
            signed_in(owned, "reader_1", name=other)
    finally:
        with owned.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(other)))


def test_a_database_of_the_same_owner_may_be_dropped_meanwhile(
    owned: Owned, declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(READER)
    execute, other = database_users._execute, f"{owned.name}_proof"

    def execute_later(connection: psycopg.Connection[Any], statement: str, **parts: Any) -> None:
        if parts.get("name") == other:
            owned.server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(other)))
        execute(connection, statement, **parts)

    monkeypatch.setattr(database_users, "_execute", execute_later)
    with owned.connect() as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(other)))
    settled(owned, "reader")
    signed_in(owned, "reader_1").close()
    assert owned.rows("SELECT datname FROM pg_database WHERE datname ~ '_proof$'") == []


def test_no_user_is_more_than_its_rights(owned: Owned, declare: Declare) -> None:
    declare(READER)
    settled(owned, "reader")
    found = owned.rows(
        "SELECT rolname, rolcanlogin, rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls"
        " FROM pg_roles WHERE rolname LIKE 'reader%' ORDER BY rolname"
    )
    # The second one signs in once it has a password.
    assert found == [("reader", False, False), ("reader_1", True, False), ("reader_2", False, False)]
    owns = (
        "SELECT count(*) FROM pg_shdepend WHERE deptype = 'o' AND refobjid IN ('reader'::regrole, 'reader_1'::regrole)"
    )
    assert owned.rows(owns) == [(0,)]


def test_what_is_declared_no_more_is_taken_away(owned: Owned, declare: Declare) -> None:
    declare(READER + '[reader.tables.outbox]\nselect = true\nupdate = ["attempts"]\n')
    settled(owned, "reader")
    with signed_in(owned, "reader_1") as reader:
        reader.execute("UPDATE outbox SET attempts = 1")
        declare(READER)
        settled(owned, "reader")
        for statement in ("SELECT * FROM outbox", "UPDATE outbox SET attempts = 1"):
            # Also of a session that was there before.
            with pytest.raises(InsufficientPrivilege):
                reader.execute(statement.encode())
        reader.execute("SELECT id FROM notifications")


def test_a_user_that_is_no_more_cannot_sign_in(owned: Owned, declare: Declare) -> None:
    declare(READER + "[former.tables.notifications]\nselect = true\n")
    settled(owned, "reader", "former")
    with signed_in(owned, "former_1") as former:
        declare(READER)
        settled(owned, "reader")
        # It does not even see what there is.
        with pytest.raises(psycopg.errors.UndefinedTable):
            former.execute("SELECT id FROM notifications")
        with pytest.raises(InsufficientPrivilege):
            former.execute("SELECT id FROM public.notifications")
    with pytest.raises(psycopg.OperationalError):
        signed_in(owned, "former_1")
    signed_in(owned, "reader_1").close()


def test_settling_again_changes_nothing(owned: Owned, declare: Declare) -> None:
    declare(READER)

    def rights_found() -> list[tuple[Any, ...]]:
        return owned.rows(
            "SELECT relname, relacl::text, (SELECT json_agg(attacl::text ORDER BY attnum) FROM pg_attribute"
            " WHERE attrelid = pg_class.oid AND attacl IS NOT NULL)::text FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace ORDER BY relname"
        )

    settled(owned, "reader")
    before = rights_found()
    settled(owned, "reader")
    assert rights_found() == before
    assert any("reader" in str(row) for row in before)


def test_a_user_without_rights_is_told_and_nothing_is_done(owned: Owned, declare: Declare) -> None:
    declare(READER)
    with pytest.raises(RightsError, match=r"notifications/rights.toml does not say what stranger may do"):
        settled(owned, "reader", "stranger")
    assert owned.rows("SELECT count(*) FROM pg_roles WHERE rolname = 'reader'") == [(0,)]


def test_a_right_to_a_table_that_is_not_there_fails_all(owned: Owned, declare: Declare) -> None:
    declare(READER + "[reader.tables.missing]\nselect = true\n")
    with pytest.raises(psycopg.errors.UndefinedTable):
        settled(owned, "reader")
    assert owned.rows("SELECT count(*) FROM pg_roles WHERE rolname = 'reader'") == [(0,)]


def test_the_server_never_sees_a_password(owned: Owned, declare: Declare, postgres: PostgresServer) -> None:
    declare(READER)
    settled(owned, "reader")
    with owned.connect() as connection:
        traced: list[str] = []
        execute = connection.execute

        def spy(statement: Any, *arguments: Any, **options: Any) -> Any:
            traced.append(statement.as_string(connection) if isinstance(statement, sql.Composable) else str(statement))
            return execute(statement, *arguments, **options)

        connection.execute = spy  # type: ignore[assignment, method-assign]  # to see what is sent
        set_password(connection, Credentials(username="reader_2", password="s3cret-one"))
    assert traced
    assert "s3cret-one" not in json.dumps(traced)
    assert "SCRAM-SHA-256$" in traced[0]
    signed_in(owned, "reader_2", "s3cret-one").close()
    with psycopg.connect(postgres.url("postgres")) as connection:
        (stored,) = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'reader_2'").fetchone() or ()
    assert stored.startswith("SCRAM-SHA-256$")


def test_logins_take_turns() -> None:
    assert logins("api") == ("api_1", "api_2")
    assert (other_login("api", "api_1"), other_login("api", "api_2")) == ("api_2", "api_1")
    for stranger in ("api", "worker_1", "postgres", "api_3"):
        with pytest.raises(ValueError, match=f"'{stranger}' is no login of api"):
            other_login("api", stranger)


def test_credentials_do_not_show_their_password() -> None:
    assert "s3cret" not in repr(Credentials(username="api_1", password="s3cret"))


DUMP = "[keeper]\nreads_everything = true\nmakes_databases = true\n"


def test_who_dumps_reads_everything_and_changes_nothing(owned: Owned, declare: Declare) -> None:
    declare(DUMP)
    settled(owned, "keeper")
    with signed_in(owned, "keeper_1") as keeper:
        for table in ("notifications", "outbox", "alembic_version", "outbox_position_seq"):
            keeper.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
        for statement in (
            "DELETE FROM notifications",
            "UPDATE alembic_version SET version_num = '0'",
            "CREATE TABLE more (id integer)",
            f"DROP DATABASE {owned.name}",
            "CREATE ROLE more",
        ):
            with pytest.raises(InsufficientPrivilege):
                keeper.execute(statement.encode())


def test_what_one_login_restores_is_the_others_and_can_be_put_in_place(owned: Owned, declare: Declare) -> None:
    """By an operator who renames it; then the migrations make it their own and give the rights."""
    declare(DUMP + READER)
    settled(owned, "keeper", "reader")
    restored = f"{owned.name}_restored"
    with owned.connect() as connection:
        set_password(connection, Credentials(username="keeper_2", password="second"))
    with signed_in(owned, "keeper_1") as keeper:
        keeper.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(restored)))
    new = Owned(owned.server, restored)
    migrations.apply(signed_in(owned, "keeper_2", "second", restored), SCHEMA)
    try:
        with new.connect() as connection:
            settle(connection, SCHEMA, {"reader": Credentials(username="reader_1", password=PASSWORD)})
        with signed_in(new, "reader_1") as reader:
            reader.execute("SELECT id FROM notifications")
        owner = "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        assert new.rows(owner) == [(MASTER,)]
        with signed_in(owned, "keeper_1") as keeper, pytest.raises(InsufficientPrivilege):
            keeper.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(restored)))
    finally:
        with owned.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(restored)))
