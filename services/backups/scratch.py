"""Databases that are made on the server of the dumped one, and dropped again."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

from psycopg import Connection, sql

from services.backups.budget import Budget
from services.backups.errors import BackupError
from services.backups.session import Sessions, execute

logger = logging.getLogger(__name__)

_PREFIX = "backup_proof_"
_TIME = "%Y%m%d%H%M%S"
_NAME = re.compile(rf"{_PREFIX}(\d{{14}})_[0-9a-f]{{8}}")
# A function lives for 15 minutes at most: what is older was left by one that Lambda ended.
_ABANDONED_AFTER = timedelta(minutes=30)
# Clearing up must be tried even when no time is left for anything else; the function keeps more than this back.
CLEARING_SECONDS = 10


@contextmanager
def scratch(sessions: Sessions, budget: Budget) -> Iterator[str]:
    """The name of a new, empty database, which is dropped in any case; unless it has another name by then."""
    with sessions.opened(budget) as connection:
        _drop_abandoned(connection)
        name = f"{_PREFIX}{datetime.now(UTC).strftime(_TIME)}_{token_hex(4)}"
        _create(connection, name)
    try:
        yield name
    finally:
        _drop(sessions, name)


def _create(connection: Connection[Any], name: str) -> None:
    row = connection.execute(
        "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database WHERE datname = current_database()"
    ).fetchone()
    encoding, collate, character_type = (sql.Literal(value) for value in row or ())
    # template1 may have been added to; template0 never is.
    execute(
        connection,
        "CREATE DATABASE {name} TEMPLATE template0 ENCODING {encoding} LC_COLLATE {collate} LC_CTYPE {character_type}",
        name=name,
        encoding=encoding,
        collate=collate,
        character_type=character_type,
    )
    # What it is filled with is for nobody else.
    execute(connection, "REVOKE ALL ON DATABASE {name} FROM PUBLIC", name=name)


def _drop_abandoned(connection: Connection[Any]) -> None:
    oldest = datetime.now(UTC) - _ABANDONED_AFTER
    for (name,) in connection.execute("SELECT datname FROM pg_database").fetchall():
        found = _NAME.fullmatch(name)
        if found and datetime.strptime(found[1], _TIME).replace(tzinfo=UTC) < oldest:
            execute(connection, "DROP DATABASE IF EXISTS {name} WITH (FORCE)", name=name)
            logger.warning("dropped what an earlier proof had left", extra={"database": name})


def _drop(sessions: Sessions, name: str) -> None:
    try:
        with sessions.opened(Budget(CLEARING_SECONDS)) as connection:
            execute(connection, "DROP DATABASE IF EXISTS {name} WITH (FORCE)", name=name)
    except BackupError as error:
        # What made the dump fail, or succeed, stays the outcome; the next proof tries again.
        logger.error("could not drop a database", extra={"database": name, "reason": str(error)})  # noqa: TRY400
