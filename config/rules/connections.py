"""The rule of connections: a database takes as many as all its users may open at once."""

from collections.abc import Iterator

from config.connections import aurora_connections, instance_connections
from config.model import AuroraConfig, DatabaseConfig, SystemConfig
from config.problems import Problem

# PostgreSQL keeps three for superusers, and RDS two for itself.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html
KEPT = 5


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
        if there is not None and total > there - KEPT:
            users = ", ".join(f"{number} by {name}" for name, number in wanted.items())
            yield Problem(
                field=f"databases.{key}",
                allowed=f"takes about {there - KEPT} connections, and its users may hold {total}: {users}; "
                "allowed: a larger database, fewer tasks, or a smaller database_pool_size",
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
        f"services.{name}": service.max_tasks * service.database_pool_size
        for name, service in config.services.items()
        if service.uses.database == key
    }
    if config.worker is not None and config.worker.uses.database == key:
        # An invocation works off its batch over one connection.
        wanted["worker"] = config.worker.reserved_concurrency
        # The function that sends again what failed: one at a time.
        wanted["replay"] = 1
    return wanted


RULES = (connections,)
