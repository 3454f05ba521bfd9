"""What the tests of platform's programs share."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from services.messages import Channel
from services.planning.store import schedules
from services.planning.store.schedules import NewSchedule
from tests.support.emulator import REGION, Aws
from tests.support.postgres import HOST, PostgresServer, TestDatabase, migrated_database
from tests.support.redis import RedisServer, redis, redis_server

__all__ = ["redis", "redis_server"]

Schedule = Callable[..., UUID]


@pytest.fixture(scope="session")
def planning_migrated(postgres: PostgresServer) -> Iterator[TestDatabase]:
    """What `database` is."""
    with migrated_database(postgres, "planning") as database:
        yield database


@pytest.fixture
def database(planning_migrated: TestDatabase) -> TestDatabase:
    """A database with the schema of platform, one for all tests, each of which finds it empty."""
    with planning_migrated.connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("TRUNCATE schedules, notifications")
    return planning_migrated


@pytest.fixture
def connection(database: TestDatabase) -> Iterator[psycopg.Connection[Any]]:
    """A connection that commits each statement."""
    with database.connect() as connection:
        yield connection


@pytest.fixture
def schedule(connection: psycopg.Connection[Any]) -> Schedule:
    """Stores a schedule, due at once unless told otherwise; returns its id."""

    def store(
        *,
        body: str = "Hello",
        send_at: datetime | None = None,
        channel: Channel = Channel.EMAIL,
        recipient: str = "ada@example.com",
        **changes: Any,
    ) -> UUID:
        fields = {"subject": None, "values": {}, "every_seconds": None, "count": None, **changes}
        it = NewSchedule(id=uuid4(), channel=channel, recipient=recipient, body=body, send_at=send_at, **fields)
        schedules.insert(connection, it)
        return it.id

    return store


@pytest.fixture
def environment(database: TestDatabase, redis: RedisServer, aws: Aws) -> dict[str, str]:
    """What the API finds in its environment; the other programs sign in as other users."""
    aws.ses.verify_email_identity(EmailAddress="sender@example.com")
    return {
        "DATABASE_URL": database.url_of("api"),
        "DATABASE_POOL_SIZE": "4",
        "CACHE_HOST": HOST,
        "CACHE_PORT": str(redis.port),
        "CACHE_SECRET_ARN": aws.secret(redis.token),
        "EMAIL_SENDER": "sender@example.com",
        "TELEGRAM_SECRET_ARN": aws.secret("42:token"),
        "AWS_REGION": REGION,
        "APP_ENV": "test",
        "POWERTOOLS_SERVICE_NAME": "planning",
    }
