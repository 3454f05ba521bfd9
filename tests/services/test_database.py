"""Connecting: rotated passwords, databases that come and go, connections that break."""

import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict

from services.database import CA_BUNDLE, Database, DatabaseUnavailableError, WarmConnection
from services.secret_values import SecretValues
from services.settings import DatabaseServer, DatabaseUrl
from tests.support.emulator import Aws
from tests.support.eventually import eventually
from tests.support.postgres import HOST, PostgresServer, TestDatabase

PID = "SELECT pg_backend_pid()"


def pid(connection: Connection[Any]) -> int:
    row = connection.execute(PID).fetchone()
    assert row is not None
    return int(row[0])


def by_url(database: TestDatabase, **options: Any) -> Database:
    return Database(DatabaseUrl(DATABASE_URL=database.url), SecretValues(), application_name="test", **options)


class Role:
    """A database user whose password lies in a secret."""

    def __init__(self, aws: Aws, database: TestDatabase) -> None:
        self._aws = aws
        self._database = database
        self.name = f"role_{uuid4().hex}"
        self.password = uuid4().hex
        self._execute("CREATE ROLE {} LOGIN PASSWORD {}")
        # Nobody is let into a migrated database without it.
        connecting = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}")
        database.server.execute(connecting.format(sql.Identifier(database.name), sql.Identifier(self.name)))
        self.arn = aws.secret({"username": self.name, "password": self.password})

    def change_password(self) -> None:
        self.password = uuid4().hex
        self._execute("ALTER ROLE {} PASSWORD {}")

    def change_secret(self) -> None:
        self._aws.secrets.put_secret_value(
            SecretId=self.arn, SecretString=f'{{"username": "{self.name}", "password": "{self.password}"}}'
        )

    def database(self, **changes: Any) -> Database:
        values = {
            "DATABASE_HOST": HOST,
            "DATABASE_PORT": self._database.server.port,
            "DATABASE_NAME": self._database.name,
            "DATABASE_SECRET_ARN": self.arn,
            "DATABASE_SSLMODE": "disable",
        }
        return Database(DatabaseServer.model_validate({**values, **changes}), SecretValues(), application_name="test")

    def _execute(self, statement: str) -> None:
        self._database.server.execute(sql.SQL(statement).format(sql.Identifier(self.name), sql.Literal(self.password)))


@pytest.fixture
def role(aws: Aws, database: TestDatabase) -> Role:
    return Role(aws, database)


def test_the_credentials_come_from_the_secret(role: Role) -> None:
    with role.database().connect(Connection.connect) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (role.name,)


def test_a_rotated_password_is_read_anew(role: Role) -> None:
    database = role.database()
    database.connect(Connection.connect).close()
    role.change_password()
    role.change_secret()
    with database.connect(Connection.connect) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (role.name,)


def test_a_cached_secret_is_used_while_it_works(role: Role, aws: Aws) -> None:
    database = role.database()
    database.connect(Connection.connect).close()
    aws.secrets.delete_secret(SecretId=role.arn, ForceDeleteWithoutRecovery=True)
    with database.connect(Connection.connect) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (role.name,)


def test_a_password_that_the_secret_does_not_know_yet_is_a_plain_failure(role: Role) -> None:
    database = role.database()
    role.change_password()
    with pytest.raises(DatabaseUnavailableError, match="password authentication failed") as refused:
        database.connect(Connection.connect)
    assert role.password not in str(refused.value)
    role.change_secret()
    database.connect(Connection.connect).close()


@pytest.mark.parametrize("value", ["no JSON", "[]", '{"username": "u"}', '{"username": "u", "password": 1}'])
def test_a_secret_of_another_form_is_named(role: Role, aws: Aws, value: str) -> None:
    arn = aws.secret(value)
    with pytest.raises(DatabaseUnavailableError, match=arn):
        role.database(DATABASE_SECRET_ARN=arn).connect(Connection.connect)


def test_a_secret_that_does_not_exist_is_named(role: Role) -> None:
    with pytest.raises(DatabaseUnavailableError, match="no-such-secret"):
        role.database(DATABASE_SECRET_ARN="no-such-secret").connect(Connection.connect)


def test_on_aws_the_server_must_prove_who_it_is(role: Role) -> None:
    asked: dict[str, Any] = {}

    def opened(**parameters: Any) -> Connection[Any]:
        asked.update(parameters)
        raise psycopg.OperationalError("not this time")

    with pytest.raises(DatabaseUnavailableError, match="not this time"):
        role.database(DATABASE_SSLMODE="verify-full").connect(opened)
    assert (asked["sslmode"], asked["sslrootcert"]) == ("verify-full", str(CA_BUNDLE))


def test_a_server_without_encryption_is_refused_where_it_is_required(role: Role) -> None:
    with pytest.raises(DatabaseUnavailableError, match="server does not support SSL"):
        role.database(DATABASE_SSLMODE="verify-full").connect(Connection.connect)


def test_a_dead_server_is_noticed_within_seconds(database: TestDatabase) -> None:
    with by_url(database).connect(Connection.connect) as connection:
        parameters = conninfo_to_dict(connection.info.dsn)
    assert parameters["connect_timeout"] == "5"
    liveness = [parameters[f"keepalives{suffix}"] for suffix in ("", "_idle", "_interval", "_count")]
    assert liveness == ["1", "1", "1", "5"]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("TimeZone", "UTC"),
        ("statement_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "15s"),
        ("idle_session_timeout", "2min"),
        ("application_name", "test"),
    ],
)
def test_sessions_are_bounded(database: TestDatabase, setting: str, value: str) -> None:
    with by_url(database).connect(Connection.connect) as connection:
        assert connection.execute(f"SHOW {setting}".encode()).fetchone() == (value,)


def test_connecting_outlasts_a_database_that_is_not_there_yet(database: TestDatabase, postgres: PostgresServer) -> None:
    postgres.stop()
    starting = threading.Timer(1, postgres.start)
    starting.start()
    try:
        by_url(database).connect_patiently(20).close()
    finally:
        starting.join()


def test_patience_ends(database: TestDatabase, postgres: PostgresServer) -> None:
    postgres.stop()
    try:
        started = time.monotonic()
        with pytest.raises(DatabaseUnavailableError, match="refused"):
            by_url(database).connect_patiently(1.2)
        assert time.monotonic() - started > 0.5
    finally:
        postgres.start()


@pytest.fixture
def warm(database: TestDatabase) -> Iterator[WarmConnection]:
    connection = WarmConnection(by_url(database))
    yield connection
    connection.close()


def test_a_warm_connection_stays_the_same(warm: WarmConnection) -> None:
    assert len({warm.run(pid, patience_seconds=1) for _ in range(3)}) == 1


def test_a_broken_connection_is_replaced(warm: WarmConnection, database: TestDatabase) -> None:
    first = warm.run(pid, patience_seconds=1)
    with database.connect() as other:
        other.execute("SELECT pg_terminate_backend(%s)", (first,))
    assert warm.run(pid, patience_seconds=1) != first


def test_a_connection_that_idled_out_is_replaced(database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.database._IDLE_SESSION_SECONDS", 3)
    warm = WarmConnection(by_url(database))
    first = warm.run(pid, patience_seconds=1)
    eventually(lambda: (first,) not in database.rows("SELECT pid FROM pg_stat_activity"))
    assert warm.run(pid, patience_seconds=1) != first
    warm.close()


def test_a_connection_that_leads_to_a_reader_is_replaced(warm: WarmConnection) -> None:
    first = warm.run(pid, patience_seconds=1)
    warm.run(lambda connection: connection.execute("SET default_transaction_read_only = on"), patience_seconds=1)

    def write(connection: Connection[Any]) -> int:
        connection.execute("UPDATE notifications SET attempts = 0")
        return pid(connection)

    assert warm.run(write, patience_seconds=1) != first


def test_a_statement_at_fault_keeps_the_connection_and_tells_no_values(warm: WarmConnection) -> None:
    first = warm.run(pid, patience_seconds=1)
    insert = (
        "INSERT INTO notifications (id, channel, recipient, body) "
        "VALUES (gen_random_uuid(), 'fax', 'ada@example.com', 'hunter2')"
    )
    with pytest.raises(DatabaseUnavailableError, match="23514") as refused:
        warm.run(lambda connection: connection.execute(insert), patience_seconds=1)
    assert "hunter2" not in str(refused.value)
    assert warm.run(pid, patience_seconds=1) == first


def test_a_database_that_stays_away_is_reported(warm: WarmConnection, postgres: PostgresServer) -> None:
    warm.run(pid, patience_seconds=1)
    postgres.stop()
    try:
        with pytest.raises(DatabaseUnavailableError, match="refused"):
            warm.run(pid, patience_seconds=0.1)
    finally:
        postgres.start()
    assert warm.run(pid, patience_seconds=1)
