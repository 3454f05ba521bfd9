"""Rules of the users of databases: they are roles of a server, where two of one name would share their rights."""

from collections.abc import Iterator

from config.database_users import logins, users_with_code
from config.model import SystemConfig
from config.problems import Problem

# What PostgreSQL and RDS keep for themselves, and the master user.
# https://www.postgresql.org/docs/current/sql-createrole.html
_RESERVED = frozenset({"none", "postgres", "public", "rdsadmin"})
_RESERVED_PREFIXES = ("pg_", "rds_")


def _names(config: SystemConfig) -> Iterator[Problem]:
    for key in config.databases:
        owners: dict[str, str] = {}
        for field, user in users_with_code(config, key):
            if user in _RESERVED or user.startswith(_RESERVED_PREFIXES):
                yield Problem(
                    field=field,
                    allowed=f"its user of the database {key} would be called {user}, which PostgreSQL or RDS keeps for "
                    "itself; allowed: any other name",
                )
                continue
            for role in (user, *logins(user)):
                if role in owners:
                    yield Problem(
                        field=field,
                        allowed=f"the database {key} has a role {role} already, for {owners[role]}; "
                        "allowed: a name that differs in more",
                    )
                    break
            owners |= dict.fromkeys((user, *logins(user)), field)


RULES = (_names,)
