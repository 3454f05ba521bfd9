"""The users that programs sign in with: what they may do, and their passwords.

What a user may do is granted to a role that nobody signs in with, such as `api`. Its members `api_1` and `api_2` sign
in, by turns: a rotation gives a new password to the one that is idle, so that the other one's stays good until the next
rotation, and no program is refused meanwhile.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql
from psycopg.errors import InvalidCatalogName

from services.migrations.rights import Granted, RightsError, UserRights, rights

logger = logging.getLogger(__name__)

# Any number that nothing else in the database locks.
_ADVISORY_LOCK = 4_201_866_725
_NUMBERS = (1, 2)
_SCHEMA = sql.Identifier("public")


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """What a program signs in with."""

    username: str
    password: str

    def __repr__(self) -> str:
        """Without the password: it must not reach a log."""
        return f"Credentials({self.username!r})"


def logins(user: str) -> tuple[str, ...]:
    """The names that a user signs in with, by turns."""
    return tuple(f"{user}_{number}" for number in _NUMBERS)


def other_login(user: str, login: str) -> str:
    """The one whose turn is next. Raises ValueError if the given one is none of the user's."""
    first, second = logins(user)
    if login not in (first, second):
        raise ValueError(f"{login!r} is no login of {user}: {first} and {second} are")
    return second if login == first else first


def set_password(connection: Connection[Any], credentials: Credentials) -> None:
    """Gives a login its password. The server is sent what it would store, never the password itself."""
    verifier = connection.pgconn.encrypt_password(
        credentials.password.encode(), credentials.username.encode(), b"scram-sha-256"
    )
    _execute(
        connection,
        "ALTER ROLE {role} LOGIN PASSWORD {verifier}",
        role=credentials.username,
        verifier=sql.Literal(verifier.decode()),
    )


def settle(connection: Connection[Any], schema: str, users: Mapping[str, Credentials]) -> None:
    """Lets each user do what the schema's rights say, and nothing else; sets the passwords of their current logins.

    users: all that the database has, with what their programs sign in with at present. A user that is no more loses
    its rights and its logins. All is done in one transaction, by the database's owner. Running it again changes
    nothing. Raises RightsError where a user has no rights declared, and psycopg.Error.
    """
    declared = rights(schema)
    if missing := sorted(users.keys() - declared.keys()):
        raise RightsError(f"services/migrations/{schema}/rights.toml does not say what {', '.join(missing)} may do")
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_ADVISORY_LOCK,))
        database = connection.info.dbname
        _take_over(connection, [user for user in declared if declared[user].makes_databases])
        _close(connection)
        for user in _former(connection, database, users):
            _strip(connection, database, user)
            for login in logins(user):
                if _exists(connection, login):
                    _execute(connection, "ALTER ROLE {login} NOLOGIN PASSWORD NULL", login=login)
            logger.info("took the rights of a user that is no more", extra={"user": user})
        for user, credentials in users.items():
            other_login(user, credentials.username)
            _make(connection, database, user, declared[user])
            _strip(connection, database, user)
            _grant(connection, database, user, declared[user])
            set_password(connection, credentials)


def _close(connection: Connection[Any]) -> None:
    """Takes from everybody what PostgreSQL gives everybody, in this database and in those of the same owner."""
    owned = "SELECT datname FROM pg_database WHERE datallowconn AND pg_has_role(datdba, 'USAGE')"
    for (name,) in connection.execute(owned).fetchall():
        # One that a proof of a dump has made may be dropped meanwhile.
        with suppress(InvalidCatalogName), connection.transaction():
            _execute(connection, "REVOKE ALL ON DATABASE {name} FROM PUBLIC", name=name)
    for what in ("SCHEMA {schema}", "ALL TABLES IN SCHEMA {schema}", "ALL SEQUENCES IN SCHEMA {schema}"):
        _execute(connection, f"REVOKE ALL ON {what} FROM PUBLIC", schema=_SCHEMA)


def _former(connection: Connection[Any], database: str, users: Mapping[str, Credentials]) -> list[str]:
    """The roles that were made for users of this database which it has no more."""
    made = connection.execute(
        "SELECT rolname FROM pg_roles WHERE shobj_description(oid, 'pg_authid') = %s ORDER BY rolname",
        (_mark(database),),
    ).fetchall()
    return [name for (name,) in made if name not in users]


def _make(connection: Connection[Any], database: str, user: str, declared: UserRights) -> None:
    if not _exists(connection, user):
        _execute(connection, "CREATE ROLE {user}", user=user)
    # An attribute is not inherited, and PostgreSQL lets only a superuser speak of the remaining ones.
    makes = sql.SQL("CREATEDB" if declared.makes_databases else "NOCREATEDB")
    _execute(connection, "ALTER ROLE {user} NOLOGIN NOCREATEROLE {makes}", user=user, makes=makes)
    _execute(connection, "COMMENT ON ROLE {user} IS {mark}", user=user, mark=sql.Literal(_mark(database)))
    if declared.makes_databases:
        # What it makes can be read, renamed and dropped by an operator.
        _execute(connection, "GRANT {user} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE", user=user)
    for login in logins(user):
        if not _exists(connection, login):
            _execute(connection, "CREATE ROLE {login}", login=login)
        _execute(connection, "GRANT {user} TO {login} WITH INHERIT TRUE, SET TRUE", user=user, login=login)
        # What one login makes is the other's as well.
        role = "SET role TO {user}" if declared.makes_databases else "RESET role"
        _execute(connection, f"ALTER ROLE {{login}} {role}", login=login, user=user)


def _strip(connection: Connection[Any], database: str, user: str) -> None:
    """Takes every right of a user in this database."""
    for what in ("TABLES", "SEQUENCES", "ROUTINES"):
        _execute(connection, f"REVOKE ALL ON ALL {what} IN SCHEMA {{schema}} FROM {{user}}", schema=_SCHEMA, user=user)
    _execute(connection, "REVOKE ALL ON SCHEMA {schema} FROM {user}", schema=_SCHEMA, user=user)
    _execute(connection, "REVOKE ALL ON DATABASE {database} FROM {user}", database=database, user=user)


def _grant(connection: Connection[Any], database: str, user: str, declared: UserRights) -> None:
    _execute(connection, "GRANT CONNECT ON DATABASE {database} TO {user}", database=database, user=user)
    _execute(connection, "GRANT USAGE ON SCHEMA {schema} TO {user}", schema=_SCHEMA, user=user)
    if declared.reads_everything:
        for what in ("TABLES", "SEQUENCES"):
            statement = f"GRANT SELECT ON ALL {what} IN SCHEMA {{schema}} TO {{user}}"
            _execute(connection, statement, schema=_SCHEMA, user=user)
    for table, allowed in declared.tables.items():
        for right, columns in allowed:
            if columns is not None:
                given = sql.SQL(right.upper()) + _columns(columns)
                on = sql.Identifier("public", table)
                _execute(connection, "GRANT {given} ON TABLE {on} TO {user}", given=given, on=on, user=user)


def _columns(granted: Granted) -> sql.Composable:
    if granted is True:
        return sql.SQL("")
    return sql.SQL(" ({})").format(sql.SQL(", ").join(map(sql.Identifier, granted)))


def _take_over(connection: Connection[Any], makers: list[str]) -> None:
    """Makes a database that one of these users has restored, and that stands in place of another, the master's own."""
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    row = connection.execute(owner).fetchone()
    for user in makers:
        if row == (user,):
            _execute(connection, "REASSIGN OWNED BY {user} TO CURRENT_USER", user=user)
            logger.info("took over a restored database", extra={"database": connection.info.dbname})


def _exists(connection: Connection[Any], role: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is not None


def _mark(database: str) -> str:
    return f"a user of the database {database}"


def _execute(connection: Connection[Any], statement: str, **parts: str | sql.Composable) -> None:
    """Runs a statement with names in it: texts are quoted, parts of SQL are put in as they are."""
    composed = dict(_composed(parts))
    connection.execute(sql.SQL(statement).format(**composed))


def _composed(parts: Mapping[str, str | sql.Composable]) -> Iterator[tuple[str, sql.Composable]]:
    for name, part in parts.items():
        yield name, sql.Identifier(part) if isinstance(part, str) else part
