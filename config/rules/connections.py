"""The rule of connections: a database takes as many as all its users may open at once."""

from collections.abc import Iterator

from config.connections import aurora_connections, instance_connections
from config.database_users import database_users
from config.model import AuroraConfig, DatabaseConfig, SystemConfig
from config.problems import Problem

# PostgreSQL keeps three for superusers, and RDS two for itself.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html
KEPT = 5
OPERATORS_RESERVE = 10
"""Connections left for people who look into a server whose users hold all that they may."""


def connections(config: SystemConfig, default_type: str | None = None) -> Iterator[Problem]:
    """Yield each database that takes fewer connections than its users may hold.

    Args:
        config: the whole system.
        default_type: class of an instance that names none; None leaves such an instance unlooked at.
    """
    for key, database in config.databases.items():
        there = _taken(database, default_type)
        wanted = _wanted(config, key)
        total = sum(wanted.values())
        if there is not None and total > there - KEPT - OPERATORS_RESERVE:
            users = ", ".join(f"{number} by {name}" for name, number in wanted.items())
            yield Problem(
                field=f"databases.{key}",
                allowed=f"takes about {there - KEPT} connections, of which {OPERATORS_RESERVE} are left to operators, "
                f"and its users may hold {total}: {users}; "
                f"allowed: {_remedies(config, key, database, there, total)}",
            )


def _taken(database: DatabaseConfig, default_type: str | None) -> int | None:
    if isinstance(database, AuroraConfig):
        return aurora_connections(database.min_acu, database.max_acu)
    instance_type = database.instance_type or default_type
    try:
        return None if instance_type is None else instance_connections(instance_type)
    except ValueError:
        # Of a class that is not known another rule tells.
        return None


def _wanted(config: SystemConfig, key: str) -> dict[str, int]:
    wanted = {
        f"services.{name}": service.most_tasks_at_once * service.database_pool_size
        for name, service in config.services.items()
        if service.uses.database == key
    }
    if config.worker is not None and config.worker.uses.database == key:
        # An invocation works off its batch over one connection.
        wanted["worker"] = config.worker.reserved_concurrency
        # The function that sends again what failed, and the one that sweeps: one at a time of each.
        wanted["replay"] = 1
        if config.worker.sweep_minutes is not None:
            wanted["sweeper"] = 1
    if key in config.databases_with_keys:
        wanted["keys"] = 1
    if config.backup is not None and config.backup.dump is not None and config.backup.dump.database == key:
        wanted["dump"] = 1
    if wanted:
        wanted["migrations"] = 1
        # Those of all users come due at the same time.
        wanted["rotation"] = len(database_users(config, key))
    return wanted


def _remedies(config: SystemConfig, key: str, database: DatabaseConfig, there: int, total: int) -> str:
    found = ["a larger database"]
    if isinstance(database, AuroraConfig):
        enough = next(
            (
                half / 2
                for half in range(int(2 * database.max_acu) + 1, 2 * 256 + 1)
                if aurora_connections(database.min_acu, half / 2) - KEPT - OPERATORS_RESERVE >= total
            ),
            None,
        )
        found = [f"max_acu {enough:g} and more"] if enough is not None else []
    users = [service for service in config.services.values() if service.uses.database == key]
    if len(users) == 1:
        (user,) = users
        others = total - user.most_tasks_at_once * user.database_pool_size
        most_each = (there - KEPT - OPERATORS_RESERVE - others) // user.most_tasks_at_once
        if most_each >= 1:
            found.append(f"database_pool_size up to {most_each}")
    return ", ".join([*found, "fewer tasks, or a smaller database_pool_size"])


RULES = (connections,)
