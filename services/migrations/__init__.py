"""The database's schema, brought up to date on deploy and before new code serves.

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
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

# Any number that nothing else in the database locks.
_ADVISORY_LOCK = 4_201_866_723
# How long to wait for another run, and for a table that is in use: a waiting ALTER TABLE blocks all who come after.
_LOCK_TIMEOUT_SECONDS = 10


class MigrationError(Exception):
    """The schema could not be brought up to date; the message says why."""


def apply(connection: psycopg.Connection[Any]) -> str:
    """Applies what is missing and returns the schema's revision. Running it again changes nothing.

    Concurrent runs wait for each other. A schema that is ahead of these scripts is left alone: that is what older
    code meets after a rollback. Takes the connection over and closes it. Raises MigrationError.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    scripts = ScriptDirectory.from_config(config)
    engine = create_engine("postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool)
    try:
        connection.autocommit = False
        with engine.connect() as session:
            session.execute(text(f"SET lock_timeout = '{_LOCK_TIMEOUT_SECONDS}s'"))
            # Of the session, not of a transaction: each migration commits on its own. Ends with the connection.
            session.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ADVISORY_LOCK})
            session.commit()
            current = MigrationContext.configure(session).get_current_revision()
            session.commit()
            known = {script.revision for script in scripts.walk_revisions()}
            if current is not None and current not in known:
                return current
            config.attributes["connection"] = session
            command.upgrade(config, "head")
            session.commit()
            return scripts.get_current_head() or ""
    except DBAPIError as error:
        raise MigrationError(str(error.orig).strip()) from error
    except (psycopg.Error, CommandError) as error:
        raise MigrationError(str(error).strip()) from error
    finally:
        engine.dispose()
        connection.close()
