"""The schemas of the databases, brought up to date on deploy and before new code serves: one folder of scripts each.

A release only adds to the schema (expand); what older code still uses is removed by a later release (contract).
"""

from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from services.database import reason

# Any number that nothing else in the database locks.
_ADVISORY_LOCK = 4_201_866_723
# How long to wait for a table that is in use: a waiting ALTER TABLE blocks all who come after.
_LOCK_TIMEOUT_SECONDS = 10


class MigrationError(Exception):
    """The schema could not be brought up to date; the message says why, and quotes no row."""


def apply(connection: psycopg.Connection[Any], schema: str, *, revision: str = "head") -> str:
    """Applies what a schema lacks and returns its revision. Running it again changes nothing.

    schema: a folder beside this file. revision: how far to go, by default as far as the scripts do.
    Concurrent runs wait for each other, as long as the connection's statement timeout allows. A schema that is ahead
    of these scripts is left alone: that is what older code meets after a rollback. Takes the connection over and closes
    it. Raises MigrationError.
    """
    engine = create_engine("postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool)
    try:
        config = _configuration(schema)
        scripts = ScriptDirectory.from_config(config)
        connection.autocommit = False
        with engine.connect() as session:
            # Of the session, not of a transaction: each migration commits on its own. Ends with the connection.
            session.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ADVISORY_LOCK})
            session.execute(text(f"SET lock_timeout = '{_LOCK_TIMEOUT_SECONDS}s'"))
            session.commit()
            current = _revision(session)
            known = {script.revision for script in scripts.walk_revisions()}
            if current is not None and current not in known:
                return current
            config.attributes["connection"] = session
            command.upgrade(config, revision)
            session.commit()
            return _revision(session) or ""
    except DBAPIError as error:
        # Not as its cause either: it would be told with it.
        said = reason(error.orig) if isinstance(error.orig, psycopg.Error) else type(error).__name__
        raise MigrationError(said) from None
    except psycopg.Error as error:
        raise MigrationError(reason(error)) from None
    except CommandError as error:
        raise MigrationError(str(error).strip()) from error
    finally:
        engine.dispose()
        connection.close()


def _configuration(schema: str) -> Config:
    folder = Path(__file__).parent
    schemas = sorted(path.parent.name for path in folder.glob("*/0001_*.py"))
    if schema not in schemas:
        raise MigrationError(f"there is no schema {schema!r}: set DATABASE_SCHEMA to one of {', '.join(schemas)}")
    config = Config()
    config.set_main_option("script_location", str(folder))
    # A path may hold what separates paths elsewhere.
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(folder / schema))
    return config


def _revision(session: Connection) -> str | None:
    revision = MigrationContext.configure(session).get_current_revision()
    session.commit()
    return revision
