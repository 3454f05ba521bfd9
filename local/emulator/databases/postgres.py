"""One PostgreSQL server of the embedded binaries: made or brought back, started, stopped, started again if it dies."""

import logging
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from local.emulator.databases.archive import Archive
from local.emulator.databases.data_folders import SUPERUSER, DataFolders, environment, program
from local.emulator.databases.master_user import create_master, set_passwords
from local.emulator.ports import LOOPBACK
from local.emulator.processes import ProcessLedger
from local.errors import LocalError

# Seconds; it takes a fifth of one on an idle core.
START_TIMEOUT_SECONDS = 30.0
# A server that is killed leaves children, and while they hold its shared memory none can start on its data.
STOP_TIMEOUT_SECONDS = 30.0
# Bringing a server back replays its log, some hundred megabytes a second.
RECOVERY_TIMEOUT_SECONDS = 300.0

# Before each attempt to start a server that died; children of the dead one need a moment to notice.
_RESTART_PAUSES_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0)

# A laptop's settings. What is committed survives the server being killed; only the machine's own end could lose it.
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_buffers": "16MB",
    "max_connections": "200",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",
    "checkpoint_timeout": "60s",
    "max_wal_size": "128MB",
    "min_wal_size": "8MB",
    "log_min_messages": "warning",
    "autovacuum_max_workers": "1",
    "jit": "off",
    # No processes of its own for reading and for logical replication.
    "io_method": "sync",
    "max_logical_replication_workers": "0",
}

# What PostgreSQL says when its log holds nothing as late as the moment it was to stop at.
_LOG_ENDED_BEFORE = "recovery ended before configured recovery target was reached"

_log = logging.getLogger(__name__)


class PostgresServer:
    """A server with a data folder, an archive and a port of its own."""

    def __init__(self, *, folder: Path, log: Path, port: int, ledger: ProcessLedger, data: DataFolders) -> None:
        """Describe a server; `create`, `restore` or `recover` makes it."""
        self.port = port
        self.archive = Archive(folder, data)
        self._folder = folder
        self._data_folder = folder / "data"
        self._log_file = log
        self._ledger = ledger
        self._data = data
        self._process: subprocess.Popen[bytes] | None = None
        self._guard = threading.RLock()
        # By user: what a rotation asked for while the server was away.
        self._awaited_passwords: dict[str, str] = {}

    @property
    def running(self) -> bool:
        """Whether it is started; while a server that died is started again it is not."""
        process = self._process
        return process is not None and process.poll() is None

    def create(self, *, master: str, password: str, database: str | None, archive: bool) -> None:
        """Start on a new data folder, and set up the master user (no superuser, as on RDS) and its database.

        Raises:
            LocalError: the server does not come up; the message holds the end of its log.
        """
        self._data.copy(self._data.template(), self._data_folder)
        if archive:
            # From the first entry on, so that the template serves as base copy.
            self.archive.enable()
        self.start()
        with self.connect() as connection:
            create_master(connection, master, password, database)
        if archive:
            self.archive.begin = datetime.now(UTC)
            self.hand_over_log()

    def restore(self, copy: Path, *, archive: bool) -> None:
        """Start on a copy that `backup` made.

        Raises:
            LocalError: the server does not come up.
        """
        self._data.copy(copy, self._data_folder)
        self.start()
        if archive:
            self.enable_archive()

    def recover(self, base: Path, restore_command: str, moment: datetime, *, archive: bool) -> None:
        """Start with the data that another server had at a moment: its base copy, and its log up to then.

        Raises:
            LocalError: the server does not come up.
        """
        stop_at = {"recovery_target_time": moment.isoformat(sep=" "), "recovery_target_action": "promote"}
        self._data.copy(base, self._data_folder)
        try:
            self._start_recovery(restore_command, stop_at)
        except LocalError as error:
            if _LOG_ENDED_BEFORE not in str(error):
                raise
            # All of the log is from before that moment.
            shutil.rmtree(self._data_folder)
            self._data.copy(base, self._data_folder)
            self._start_recovery(restore_command, {})
        if archive:
            self.enable_archive()

    def start(self) -> None:
        """Run the server and wait until it takes connections.

        Raises:
            LocalError: it does not come up; the message holds the end of its log.
        """
        with self._guard:
            if self.running:
                return
            self._launch({}, START_TIMEOUT_SECONDS)
            self._set_awaited_passwords()
            # A first commit, by which the age of the archive is told while nothing else is written.
            with self.connect() as connection:
                connection.execute("SELECT pg_logical_emit_message(true, 'rds', 'started')")
                # Wakes the checkpointer, which has not noticed the end of its start and would not think of the archive
                # before its next checkpoint.
                connection.execute("SELECT pg_reload_conf()")

    def stop(self) -> None:
        """End the server; its data stays. Open connections are closed."""
        with self._guard:
            process, self._process = self._process, None
            if process is not None:
                self._ledger.stop(process, grace_seconds=STOP_TIMEOUT_SECONDS)

    def restart(self) -> None:
        """Stop and start again, as a reboot does."""
        with self._guard:
            self.stop()
            self.start()

    def remove(self) -> None:
        """End the server and delete its data and its archive."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def set_password(self, master: str, password: str) -> None:
        """Change the master user's password, of a server that is away as soon as it is back; connections stay open.

        Raises:
            psycopg.Error: the server runs and cannot be reached; it is tried again when the server starts.
        """
        with self._guard:
            self._awaited_passwords[master] = password
            if self.running:
                self._set_awaited_passwords()

    def _set_awaited_passwords(self) -> None:
        with self.connect() as connection:
            set_passwords(connection, self._awaited_passwords)
        self._awaited_passwords.clear()

    def backup(self, target: Path) -> None:
        """Copy the data of the running server as of now into a new folder, complete in itself.

        Raises:
            LocalError: it cannot be copied.
        """
        self._data.make(target)
        command = [
            *(program("pg_basebackup"), "-D", str(target), "-h", LOOPBACK, "-p", str(self.port), "-U", SUPERUSER),
            *("--no-password", "--checkpoint=fast", "--wal-method=stream", "--no-sync", "--no-manifest"),
        ]
        self._data.run(command, cwd=target, more={"PGPASSWORD": self._data.superuser_password})

    def enable_archive(self) -> None:
        """Keep the log from now on, on top of a copy of the data as it is now.

        Raises:
            LocalError: the data cannot be copied.
        """
        self.archive.enable()
        self.backup(self.archive.own_base())
        self.archive.begin = datetime.now(UTC)
        self.hand_over_log()

    def latest_archived(self) -> datetime | None:
        """The last moment that the archive can bring back; None if it does not know one.

        Raises:
            psycopg.Error: the server cannot be reached.
        """
        end, now = self.archive.end(), datetime.now(UTC)
        if end is None:
            return None
        with self.connect() as connection:
            row = connection.execute("SELECT (pg_last_committed_xact()).timestamp").fetchone()
        committed = row[0] if row else None
        # Nothing was committed since: the data has not changed up to now.
        return now if isinstance(committed, datetime) and committed <= end else end

    def hand_over_log(self) -> None:
        """Bring everything written so far into the archive, and one commit after it."""
        with self.connect() as connection:
            connection.execute("SELECT pg_logical_emit_message(true, 'rds', 'handed over')")
            # The file system's clock ticks less often than the server's; the archive must not look older than it is.
            time.sleep(0.02)
            row = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while row and not self.archive.holds(str(row[0])) and time.monotonic() < deadline:
            time.sleep(0.02)

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection as superuser that commits every statement.

        Raises:
            psycopg.Error: the server cannot be reached.
        """
        return psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            dbname="postgres",
            user=SUPERUSER,
            password=self._data.superuser_password,
            connect_timeout=5,
            # An operator's hand, which a database that has been turned read-only does not stay.
            options="-c default_transaction_read_only=off",
            autocommit=True,
        )

    def _start_recovery(self, restore_command: str, stop_at: Mapping[str, str]) -> None:
        (self._data_folder / "recovery.signal").touch()
        # Takes connections only when the data is what was asked for.
        settings = {"restore_command": restore_command, "hot_standby": "off", **stop_at}
        with self._guard:
            self._launch(settings, RECOVERY_TIMEOUT_SECONDS)

    def _launch(self, more: Mapping[str, str], timeout_seconds: float) -> None:
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        arguments = [program("postgres"), "-D", str(self._data_folder), "-p", str(self.port)]
        for name, value in {**_SETTINGS, **self.archive.settings, **more}.items():
            arguments += ["-c", f"{name}={value}"]
        with self._log_file.open("ab") as log:
            begin = log.tell()
            try:
                process = self._ledger.start(
                    arguments,
                    cwd=self._data_folder,
                    environment=environment(),
                    output=log.fileno(),
                    user=self._data.user,
                    # Fast shutdown: SIGTERM would wait for every client to leave.
                    stop_signal=signal.SIGINT,
                )
            except RuntimeError as error:
                raise LocalError(str(error)) from error
        if not self._answers(process, timeout_seconds):
            self._ledger.stop(process)
            end = self._log_file.read_bytes()[begin:][-1500:].decode(errors="replace")
            raise LocalError(f"PostgreSQL on port {self.port} did not start; the end of {self._log_file}:\n{end}")
        self._process = process
        threading.Thread(target=self._watch, args=(process,), daemon=True, name=f"postgres-{self.port}").start()

    def _answers(self, process: subprocess.Popen[bytes], timeout_seconds: float) -> bool:
        deadline = time.monotonic() + timeout_seconds
        while process.poll() is None and time.monotonic() < deadline:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return True
        return False

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Start the server again if it ends without being asked to, as RDS does."""
        process.wait()
        for pause in _RESTART_PAUSES_SECONDS:
            time.sleep(pause)
            with self._guard:
                if self._process is not process or self._ledger.closed:
                    return
                self._ledger.forget(process)
                _log.warning("the database on port %s ended by itself; starting it again", self.port)
                try:
                    self.start()
                except (LocalError, psycopg.Error) as error:
                    _log.warning("%s", error)
                else:
                    return
        _log.error("the database on port %s does not start any more", self.port)
