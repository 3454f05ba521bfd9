"""What the tests of the domain package share."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from services.api.app import create_app
from services.pool import WAIT_SECONDS
from services.settings import ApiSettings
from tests.support.emulator import REGION, Aws, aws, emulator
from tests.support.eventually import eventually
from tests.support.patience import patience
from tests.support.postgres import TestDatabase, database, empty_database, migrated, postgres
from tests.support.rabbitmq import rabbitmq, rabbitmq_server
from tests.support.receiver import certificate, receiver
from tests.support.redis import redis, redis_server
from tests.support.serving import serving

__all__ = [
    "aws",
    "certificate",
    "database",
    "empty_database",
    "emulator",
    "migrated",
    "patience",
    "postgres",
    "rabbitmq",
    "rabbitmq_server",
    "receiver",
    "redis",
    "redis_server",
]

Queued = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def prompt_pools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets requests wait for a connection as in production: for tests of some that are refused.

    To be used as a mark, which comes before the application that takes its pool from it.
    """
    monkeypatch.setattr("services.pool.WAIT_SECONDS", WAIT_SECONDS)


@pytest.fixture
def queue_url(aws: Aws) -> str:
    """A queue of the test's own."""
    return aws.queue()


@pytest.fixture
def queued(database: TestDatabase, aws: Aws, queue_url: str) -> Queued:
    """What is on the queue once the outbox is empty."""

    def messages() -> list[dict[str, Any]]:
        eventually(lambda: not database.rows("SELECT id FROM outbox"))
        return aws.emulator.messages(queue_url)

    return messages


@pytest.fixture
def api_environment(database: TestDatabase, queue_url: str) -> dict[str, str]:
    """What the API finds in its environment."""
    return {
        "DATABASE_URL": database.url_of("api"),
        "DATABASE_POOL_SIZE": "4",
        "QUEUE_URL": queue_url,
        "AUTHENTICATION": "off",
        "AWS_REGION": REGION,
        "APP_ENV": "test",
        "POWERTOOLS_SERVICE_NAME": "api",
    }


@pytest.fixture
def api(api_environment: dict[str, str]) -> Iterator[httpx.Client]:
    """A client of the API, which is served by a thread of this process."""
    with (
        serving(create_app(ApiSettings.from_environment(api_environment))) as url,
        httpx.Client(base_url=url) as client,
    ):
        yield client
