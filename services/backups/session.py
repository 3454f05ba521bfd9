"""Sessions that dump and restore: patient ones, in which equal values have equal texts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo

from services.backups.budget import Budget
from services.backups.errors import BackupError
from services.database import Database, DatabaseUnavailableError
from services.secret_values import SecretValues
from services.settings import DatabaseLocation, DatabaseUrl

# Longer than a paused or restarting database needs.
_PATIENCE_SECONDS = 60.0
# How long to wait for a table that a migration has locked.
_LOCK_SECONDS = 10
# While a server writes a checkpoint, it may take no data for longer than the few seconds that a request would wait.
_SEND_TIMEOUT_MILLISECONDS = 60_000
_SETTINGS = {
    "client_encoding": "UTF8",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "search_path": "public",
    # Fails where a policy would hide rows.
    "row_security": "off",
    # Rows go to S3, or come from it, between one statement and the next.
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "lock_timeout": f"{_LOCK_SECONDS}s",
}


class Sessions:
    """Opens sessions in the databases of one server."""

    def __init__(self, location: DatabaseLocation, secrets: SecretValues, *, application_name: str) -> None:
        self._location = location
        self._secrets = secrets
        self._application_name = application_name

    @property
    def database(self) -> str:
        """The name of the database that is dumped."""
        if isinstance(self._location, DatabaseUrl):
            return str(psycopg.conninfo.conninfo_to_dict(self._location.database_url).get("dbname", ""))
        return self._location.database_name

    @contextmanager
    def opened(self, budget: Budget, database: str | None = None) -> Iterator[Connection[Any]]:
        """A session that commits each statement, in the dumped database or in the named one.

        Raises BackupError for whatever PostgreSQL refuses meanwhile.
        """
        with reporting():
            connection = self.connect(budget, database)
            with connection:
                for name, value in _SETTINGS.items():
                    connection.execute("SELECT set_config(%s, %s, false)", (name, value))
                yield connection

    def connect(self, budget: Budget, database: str | None = None) -> Connection[Any]:
        """A plain session whose statements may take what is left of the time."""
        patient = Database(
            self._location if database is None else _elsewhere(self._location, database),
            self._secrets,
            application_name=self._application_name,
            statement_timeout_seconds=max(int(budget.remaining_seconds()), 1),
        )
        try:
            patient.connect_patiently(min(budget.remaining_seconds(), _PATIENCE_SECONDS)).close()
            return patient.connect(_connect)
        except DatabaseUnavailableError as error:
            raise BackupError(f"the database cannot be reached: {error}") from None


@contextmanager
def reporting() -> Iterator[None]:
    """Turns PostgreSQL's errors into BackupError without the values that they quote."""
    try:
        yield
    except psycopg.Error as error:
        # Those of values that do not fit (class 22) quote the value in the message itself, others in its detail.
        quoting = (error.sqlstate or "").startswith("22")
        reason = type(error).__name__ if quoting else error.diag.message_primary or type(error).__name__
        where = f" (table {error.diag.table_name})" if error.diag.table_name else ""
        raise BackupError(f"PostgreSQL: {reason}{where}, SQLSTATE {error.sqlstate}") from None


def execute(connection: Connection[Any], statement: str, **names: str | sql.Composable) -> None:
    """Runs a statement with names in it: texts are quoted, parts of SQL are put in as they are."""
    parts = {name: sql.Identifier(value) if isinstance(value, str) else value for name, value in names.items()}
    connection.execute(sql.SQL(statement).format(**parts))


def _connect(*arguments: Any, **options: Any) -> Connection[Any]:
    return Connection.connect(*arguments, **{**options, "tcp_user_timeout": _SEND_TIMEOUT_MILLISECONDS})


def _elsewhere(location: DatabaseLocation, database: str) -> DatabaseLocation:
    if isinstance(location, DatabaseUrl):
        return location.model_copy(update={"database_url": make_conninfo(location.database_url, dbname=database)})
    return location.model_copy(update={"database_name": database})
