"""The connections of a service to its database."""

import time
from typing import Any, Self

from psycopg import Connection, Error, OperationalError
from psycopg_pool import ConnectionPool

from services.database import Database
from services.secret_values import SecretValues
from services.settings.parts import WithDatabasePool

# How long a request waits for a connection before it is told to come back.
WAIT_SECONDS = 1
# One idle connection is closed after each such period, until none is left and an idle Aurora may pause.
_MAX_IDLE_SECONDS = 30
# A failed attempt to connect is not repeated by the pool for longer: the next request starts another one at once,
# whereas the pool's own pauses grow until it would sleep past the end of an outage.
_RECONNECT_SECONDS = 1
# Between connections that fail although they are new.
_PAUSE_SECONDS = 0.1


class _PooledConnection(Connection[Any]):
    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> Self:  # noqa: ARG003  # all is in the options
        database: Database = options["database"]
        return database.connect(super().connect)


class Pool(ConnectionPool[_PooledConnection]):
    """Hands out connections that have just been found to work and to take writes."""

    def getconn(self, timeout: float | None = None) -> _PooledConnection:
        """Raises psycopg_pool.PoolTimeout after so many seconds, by default those of the pool.

        However many connections have died while they were idle, they cost one look each: the pool's own check pauses
        for a second after the first.
        """
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        failures = 0
        while True:
            connection = super().getconn(max(deadline - time.monotonic(), 0))
            try:
                _require_writable(connection)
            except Error:
                connection.close()
                # Which makes the pool replace it.
                self.putconn(connection)
                failures += 1
                if failures > self.max_size:
                    time.sleep(_PAUSE_SECONDS)
            else:
                return connection


def connection_pool(database: Database, size: int) -> Pool:
    """A pool of at most `size` connections, opened on demand. To be opened by the caller.

    Waiting for longer than a second raises psycopg_pool.PoolTimeout, a psycopg.OperationalError.
    """
    return Pool(
        connection_class=_PooledConnection,
        kwargs={"database": database},
        min_size=0,
        max_size=size,
        timeout=WAIT_SECONDS,
        max_idle=_MAX_IDLE_SECONDS,
        reconnect_timeout=_RECONNECT_SECONDS,
        open=False,
    )


def service_pool(settings: WithDatabasePool, secrets: SecretValues) -> Pool:
    """The pool of a service, as large as its settings say."""
    database = Database(settings.database, secrets, application_name=settings.powertools_service_name)
    return connection_pool(database, settings.database_pool_size)


def _require_writable(connection: Connection[Any]) -> None:
    """After a failover an old connection can lead to what is now a reader. Raises psycopg.OperationalError."""
    row = connection.execute("SHOW transaction_read_only").fetchone()
    if row != ("off",):
        raise OperationalError("the connection leads to a read-only server")
