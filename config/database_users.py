"""Which users a database has: one for each kind of code that uses it, so that each has only the rights it needs.

What each may do stands beside the migrations of the database's schema, in `services/migrations/<schema>/rights.toml`.
"""

from collections.abc import Iterator

from config.model import SystemConfig

WORKER = "worker"
"""The function that works off the queue."""
OPERATIONS = "operations"
"""The function that sends again what failed, when people call it."""
KEYS = "keys"
"""The function that makes, lists and revokes API keys, when people call it."""
SWEEPER = "sweeper"
"""The scheduled function that looks after the outbox."""
DUMP = "dump"
"""The function that dumps."""


def user_of_service(name: str) -> str:
    """Return the user of a service; PostgreSQL takes underscores without quotes, and no hyphens."""
    return name.replace("-", "_")


def first_login(user: str) -> str:
    """Return the name that a user signs in with until its password is rotated for the first time."""
    return logins(user)[0]


def logins(user: str) -> tuple[str, str]:
    """Return the two names that a user signs in with, by turns: a rotation gives the idle one a new password."""
    return f"{user}_1", f"{user}_2"


def database_users(config: SystemConfig, key: str) -> tuple[str, ...]:
    """Return the users of a database, each once; where two kinds of code have one name, `config.rules` refuses it."""
    return tuple(dict.fromkeys(user for _, user in users_with_code(config, key)))


def users_with_code(config: SystemConfig, key: str) -> Iterator[tuple[str, str]]:
    """Yield whatever uses a database, as its field in the configuration, with its user."""
    for name, service in config.services.items():
        if service.uses.database == key:
            yield f"services.{name}", user_of_service(name)
    if config.worker is not None and config.worker.uses.database == key:
        yield "worker", WORKER
        yield "worker", OPERATIONS
        if config.worker.sweep_minutes is not None:
            yield "worker.sweep_minutes", SWEEPER
    if key in config.databases_with_keys:
        yield "services", KEYS
    if config.backup is not None and config.backup.dump is not None and config.backup.dump.database == key:
        yield "backup.dump", DUMP
