"""What requests get from the pool after a failover has ended its connections."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from services.database import Database
from services.pool import Pool, connection_pool
from services.secret_values import SecretValues
from services.settings import DatabaseUrl
from tests.support.postgres import TestDatabase

_SIZE = 4


@pytest.fixture
def pool(database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    """A pool whose connections are all open, and idle."""
    # Whoever paused as the pool's own check does would be refused, however long a request waits in these tests.
    monkeypatch.setattr("psycopg_pool.base.AttemptWithBackoff.INITIAL_DELAY", 60)
    server = Database(
        DatabaseUrl.model_validate({"DATABASE_URL": database.url}), SecretValues(), application_name="pooled"
    )
    with connection_pool(server, _SIZE) as pool:
        with ExitStack() as stack:
            for _ in range(_SIZE):
                stack.enter_context(pool.connection())
        yield pool


def test_dead_connections_cost_no_request_its_answer(pool: Pool, database: TestDatabase) -> None:
    with database.connect() as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'pooled'"
        ).fetchall()
    assert ended == [(True,)] * _SIZE

    def ask(number: int) -> int:
        with pool.connection() as connection:
            row = connection.execute("SELECT %s::int", (number,)).fetchone()
        return int(row[0]) if row else 0

    with ThreadPoolExecutor(_SIZE) as executor:
        assert list(executor.map(ask, range(20))) == list(range(20))
