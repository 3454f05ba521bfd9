"""The master user of a PostgreSQL server: made with the rights that it has on RDS, and given new passwords."""

from collections.abc import Mapping

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[object, ...]]


def create_master(connection: Connection, master: str, password: str, database: str | None) -> None:
    """Make the user, which is no superuser, and the database that it owns.

    Raises:
        psycopg.Error: the server refuses a name, or is gone.
    """
    role, secret = sql.Identifier(master), sql.Literal(password)
    connection.execute("CREATE ROLE rds_superuser NOLOGIN")
    connection.execute("GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO rds_superuser WITH ADMIN OPTION")
    connection.execute(
        sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {} IN ROLE rds_superuser").format(role, secret)
    )
    for given in ("postgres", "template1"):
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(given), role))
    if database and database != "postgres":
        name = sql.Identifier(database)
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(name, role))


def set_passwords(connection: Connection, passwords: Mapping[str, str]) -> None:
    """Change the passwords of users; their open connections stay.

    Raises:
        psycopg.Error: there is no such user, or the server is gone.
    """
    for user, password in passwords.items():
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(user), sql.Literal(password))
        connection.execute(statement)
