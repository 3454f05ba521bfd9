"""Connecting to PostgreSQL so that rotated passwords, failovers and paused databases are survived."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from psycopg import Connection, Error, OperationalError
from psycopg.errors import ReadOnlySqlTransaction
from psycopg.pq import TransactionStatus

from services.failures import UnavailableError
from services.secret_values import SecretUnavailableError, SecretValues
from services.settings import DatabaseLocation, DatabaseUrl

logger = logging.getLogger(__name__)

T = TypeVar("T")
ConnectionT = TypeVar("ConnectionT", bound=Connection[Any])

CA_BUNDLE = Path(__file__).parent / "certs" / "rds-ca-bundle.pem"

# From Aurora's guide to fast failover: give up on a dead writer quickly, and notice within about 5 s that it died.
CONNECT_SECONDS = 5
_LIVENESS = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives": 1,
    "keepalives_idle": 1,
    "keepalives_interval": 1,
    "keepalives_count": 5,
    "tcp_user_timeout": 5000,
}
STATEMENT_TIMEOUT_SECONDS = 10
# Longer than the two attempts of 2 + 2 s at the queue that the API makes inside its transaction.
_IDLE_IN_TRANSACTION_SECONDS = 15
# An idle session keeps an Aurora that may pause awake, and the connection of a frozen function is idle. The server
# ends it; whoever comes back to it reconnects.
_IDLE_SESSION_SECONDS = 120
_PAUSE_SECONDS = 0.5


class DatabaseUnavailableError(UnavailableError):
    """The database cannot be reached or used."""


class Database:
    """Opens connections. Safe to share between threads.

    application_name: how the sessions are called in pg_stat_activity.
    statement_timeout_seconds: when the server gives up on one statement.
    """

    def __init__(
        self,
        location: DatabaseLocation,
        secrets: SecretValues,
        *,
        application_name: str,
        statement_timeout_seconds: int = STATEMENT_TIMEOUT_SECONDS,
    ) -> None:
        self._location = location
        self._secrets = secrets
        options = {
            "TimeZone": "UTC",
            "statement_timeout": f"{statement_timeout_seconds}s",
            "idle_in_transaction_session_timeout": f"{_IDLE_IN_TRANSACTION_SECONDS}s",
            "idle_session_timeout": f"{_IDLE_SESSION_SECONDS}s",
        }
        self._session: dict[str, Any] = {
            **_LIVENESS,
            "application_name": application_name,
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        }

    def connect(self, opened: Callable[..., ConnectionT]) -> ConnectionT:
        """One attempt of at most 5 s; two when the password was refused and the secret holds another one by now.

        opened: the driver's `connect`, of whichever class of connections.
        The connection commits each statement unless a transaction is opened. Raises DatabaseUnavailableError.
        """
        try:
            return self._connect_with_secret(opened)
        except (OperationalError, SecretUnavailableError) as error:
            raise DatabaseUnavailableError(str(error).strip()) from None

    def connect_patiently(self, patience_seconds: float) -> Connection[Any]:
        """Goes on trying for as long as a database may take to fail over, or to resume from a pause.

        Raises DatabaseUnavailableError after `patience_seconds` (plus one attempt at most).
        """
        deadline = time.monotonic() + patience_seconds
        while True:
            try:
                return self.connect(Connection.connect)
            except DatabaseUnavailableError as error:
                if time.monotonic() + _PAUSE_SECONDS >= deadline:
                    raise
                logger.warning("connecting again", extra={"reason": str(error)})
                time.sleep(_PAUSE_SECONDS)

    def _connect_with_secret(self, opened: Callable[..., ConnectionT]) -> ConnectionT:
        location = self._location
        if isinstance(location, DatabaseUrl):
            return opened(location.database_url, autocommit=True, **self._session)
        server: dict[str, Any] = {
            "host": location.database_host,
            "port": location.database_port,
            "dbname": location.database_name,
            "sslmode": location.database_sslmode,
            **self._session,
        }
        if location.database_sslmode.startswith("verify-"):
            server["sslrootcert"] = str(CA_BUNDLE)

        def attempt(credentials: tuple[str, ...]) -> ConnectionT:
            user, password = credentials
            return opened(user=user, password=password, autocommit=True, **server)

        credentials = self._read_credentials(location.database_secret_arn, fresh=False)
        try:
            return attempt(credentials)
        except OperationalError as error:
            # libpq does not pass on the SQLSTATE of a refused connection (28P01 for a wrong password), but it tells
            # whether the server had asked for the password.
            if error.pgconn is None or not error.pgconn.used_password:
                raise
            current = self._read_credentials(location.database_secret_arn, fresh=True)
            if current == credentials:
                raise
            return attempt(current)

    def _read_credentials(self, secret_arn: str, *, fresh: bool) -> tuple[str, ...]:
        return self._secrets.fields(secret_arn, "username", "password", fresh=fresh)


def is_connection_fault(error: Error, connection: Connection[Any]) -> bool:
    """Whether a new connection may do better: this one is gone, or leads to what is now a reader (25006)."""
    return connection.broken or connection.closed or isinstance(error, OperationalError | ReadOnlySqlTransaction)


def reason(error: Error) -> str:
    """What PostgreSQL says of an error, without the values that it may quote, a notification's body among them."""
    # Errors of values that do not fit (class 22) quote them in the message itself, others in their detail.
    quoting = (error.sqlstate or "").startswith("22")
    said = type(error).__name__ if quoting else error.diag.message_primary or type(error).__name__
    return f"{said} (SQLSTATE {error.sqlstate})" if error.sqlstate else said


def is_outage(error: BaseException) -> bool:
    """Whether the database is away, so that the same operation may do better later, whatever it was."""
    if isinstance(error, DatabaseUnavailableError | ReadOnlySqlTransaction):
        return True
    if not isinstance(error, OperationalError):
        return False
    # No SQLSTATE: no connection could be had, or it broke. Not among them: statements that took too long.
    return error.sqlstate is None or error.sqlstate.startswith(("08", "53", "57P"))


def require_transaction(connection: Connection[Any]) -> None:
    """Raises RuntimeError if the next statement would be committed by itself."""
    if connection.autocommit and connection.info.transaction_status is TransactionStatus.IDLE:
        raise RuntimeError("this belongs into a transaction with other statements: open connection.transaction()")


class WarmConnection:
    """One connection, opened at first use, kept over calls and replaced when it is found broken. Not for threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection[Any] | None = None

    def run(self, operation: Callable[[Connection[Any]], T], *, patience_seconds: float) -> T:
        """Runs the operation, and once more on a new connection if the first one failed it.

        The operation must bear being repeated. Raises DatabaseUnavailableError.
        """
        if self._connection is not None:
            try:
                return operation(self._connection)
            except Error as error:
                if not is_connection_fault(error, self._connection):
                    raise _unavailable(error) from None
                logger.info("replacing the database connection", extra={"sqlstate": error.sqlstate})
                self.close()
        self._connection = self._database.connect_patiently(patience_seconds)
        try:
            return operation(self._connection)
        except Error as error:
            if is_connection_fault(error, self._connection):
                self.close()
            raise _unavailable(error) from None

    def close(self) -> None:
        """Closes the connection, if there is one; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _unavailable(error: Error) -> DatabaseUnavailableError:
    return DatabaseUnavailableError(reason(error))
