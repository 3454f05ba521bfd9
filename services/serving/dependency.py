"""What the requests of a service need, apart from the service itself."""

from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from services.database import DatabaseUnavailableError
from services.pool import Pool


@dataclass(frozen=True, kw_only=True, slots=True)
class Dependency:
    """Something that may be away: a request that meets one of its errors is answered with 503.

    name: what clients are told. check: raises one of the errors if it is away; for /ready.
    """

    name: str
    errors: tuple[type[Exception], ...]
    check: Callable[[], object]


def database(pool: Pool) -> Dependency:
    """The database that a pool connects to."""

    def check() -> None:
        # Taking a connection checks it.
        with pool.connection():
            pass

    return Dependency(
        name="database",
        # Lost, refused or not had in time (the pool's own errors are of this kind), or led to a reader.
        errors=(psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction, DatabaseUnavailableError),
        check=check,
    )
