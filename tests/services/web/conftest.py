"""The pages with a database of their own."""

from collections.abc import Iterator

import httpx
import pytest

from services.settings import WebSettings
from services.web.app import create_app
from tests.support.emulator import REGION
from tests.support.postgres import PostgresServer, TestDatabase, migrated_database
from tests.support.serving import client_of, serving


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[TestDatabase]:
    """A database of the test's own with the schema of pages."""
    with migrated_database(postgres, "pages") as made:
        yield made


@pytest.fixture
def client(database: TestDatabase) -> Iterator[httpx.Client]:
    """A client of the service, which runs in a thread of this process."""
    environment = {
        "APP_ENV": "test",
        "AWS_REGION": REGION,
        "DATABASE_POOL_SIZE": "4",
        "DATABASE_URL": database.url_of("web"),
        "POWERTOOLS_SERVICE_NAME": "web",
    }
    with serving(create_app(WebSettings.from_environment(environment))) as url, client_of(url) as client:
        yield client
