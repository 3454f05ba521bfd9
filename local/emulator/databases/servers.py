"""The PostgreSQL servers behind RDS, and the copies of their data that snapshots are."""

import logging
import secrets
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from local.emulator import ports
from local.emulator.databases.data_folders import DataFolders
from local.emulator.databases.postgres import PostgresServer
from local.emulator.options import Options
from local.emulator.processes import ProcessLedger
from local.errors import LocalError

_log = logging.getLogger(__name__)

FAILURES = (LocalError, OSError, psycopg.Error)
"""What making a server or a copy can raise."""


class Databases:
    """Servers by the ARN of their cluster or instance, and copies by the ARN of their snapshot."""

    def __init__(self, options: Options, ledger: ProcessLedger) -> None:
        """Keep their data below the emulator's data folder."""
        self._options = options
        self._ledger = ledger
        self._data = DataFolders(options.postgres / ".template", secrets.token_urlsafe(24))
        self._copies_folder = options.postgres / ".snapshots"
        self._servers: dict[str, PostgresServer] = {}
        self._copies: dict[str, Path] = {}
        self._guard = threading.Lock()

    def create(self, arn: str, *, master: str, password: str, database: str | None, archive: bool) -> PostgresServer:
        """Make an empty server.

        Raises:
            LocalError: it does not come up, or no port is free.
        """
        return self._make(
            arn,
            lambda server: server.create(master=master, password=password, database=database, archive=archive),
        )

    def restore(self, arn: str, snapshot_arn: str, *, archive: bool) -> PostgresServer:
        """Make a server of a snapshot's copy.

        Raises:
            LocalError: it does not come up, or the snapshot has no copy.
        """
        copy = self._copies.get(snapshot_arn)
        if copy is None:
            raise LocalError(f"the snapshot {snapshot_arn} holds no data: it was not taken of a PostgreSQL server")
        return self._make(arn, lambda server: server.restore(copy, archive=archive))

    def recover(self, arn: str, source_arn: str, moment: datetime, *, archive: bool) -> PostgresServer:
        """Make a server with the data that another one had at a moment.

        Raises:
            LocalError: it does not come up.
        """
        source = self._servers[source_arn]
        if source.running:
            source.hand_over_log()
        base, command = source.archive.base, source.archive.restore_command
        return self._make(arn, lambda server: server.recover(base, command, moment, archive=archive))

    def find(self, arn: str) -> PostgresServer | None:
        """The server of a cluster or stand-alone instance."""
        return self._servers.get(arn)

    def remove(self, arn: str) -> None:
        """End a server and delete its data and its archive; snapshots stay."""
        server = self._servers.pop(arn, None)
        if server is not None:
            server.remove()
            ports.release(server.port)

    def restorable_until(self, arn: str) -> datetime | None:
        """The last moment that a server can be brought back to; None if it keeps no archive or does not answer."""
        server = self._servers.get(arn)
        if server is None or server.archive.begin is None:
            return None
        try:
            return server.latest_archived()
        except psycopg.Error:
            # Not running: what is archived is all there is.
            return server.archive.end()

    def restorable_from(self, arn: str) -> datetime | None:
        """The first moment that a server can be brought back to; None if it keeps no archive."""
        server = self._servers.get(arn)
        return server.archive.begin if server else None

    def keep(self, snapshot_arn: str, source_arn: str) -> None:
        """Copy a server's data for a snapshot.

        Raises:
            LocalError: it cannot be copied.
        """
        target = self._copies_folder / secrets.token_hex(8)
        self._servers[source_arn].backup(target)
        self._copies[snapshot_arn] = target

    def share(self, snapshot_arn: str, copy_arn: str) -> None:
        """Let a copy of a snapshot hold the same data; nothing changes it, so it is stored once."""
        if snapshot_arn in self._copies:
            self._copies[copy_arn] = self._copies[snapshot_arn]

    def forget(self, snapshot_arn: str) -> None:
        """Delete a snapshot's data, unless a copy of the snapshot still needs it."""
        folder = self._copies.pop(snapshot_arn, None)
        if folder is not None and folder not in self._copies.values():
            shutil.rmtree(folder, ignore_errors=True)

    def size_bytes(self, snapshot_arn: str) -> int:
        """How much a snapshot stores."""
        folder = self._copies.get(snapshot_arn)
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder else 0

    def _make(self, arn: str, begin: Callable[[PostgresServer], None]) -> PostgresServer:
        port = ports.reserve(self._options.database_ports)
        name = self._name(arn)
        server = PostgresServer(
            folder=self._options.postgres / name,
            log=self._options.logs / "postgres" / f"{name}.log",
            port=port,
            ledger=self._ledger,
            data=self._data,
        )
        started = datetime.now(UTC)
        try:
            begin(server)
        except FAILURES:
            server.remove()
            ports.release(port)
            raise
        self._servers[arn] = server
        _log.info("%s answers on port %s after %.1f s", arn, port, (datetime.now(UTC) - started).total_seconds())
        return server

    def _name(self, arn: str) -> str:
        """`<identifier>` in the emulator's own region, `<identifier>.<region>` in others."""
        region, identifier = arn.split(":")[3], arn.rsplit(":", 1)[-1]
        return identifier if region == self._options.region else f"{identifier}.{region}"
