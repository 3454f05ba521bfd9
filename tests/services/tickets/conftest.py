"""The tickets service with a database, a broker and a Telegram of its own."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest

from services.broker import Subscription
from services.settings import TicketsSettings
from services.tickets import app as tickets
from services.tickets import notifying
from tests.support.emulator import REGION, Aws
from tests.support.postgres import HOST, PostgresServer, TestDatabase, migrated_database
from tests.support.rabbitmq import RabbitMq
from tests.support.receiver import Receiver
from tests.support.serving import client_of, serving

TOKEN = "42:token"
SEND = f"/bot{TOKEN}/sendMessage"
# Four attempts within half a second.
QUICK = (0.1, 0.15, 0.2)


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[TestDatabase]:
    """A database of the test's own with the schema of tickets."""
    with migrated_database(postgres, "tickets") as made:
        yield made


@pytest.fixture(autouse=True)
def notifications(monkeypatch: pytest.MonkeyPatch) -> Subscription:
    """The service's subscription, with quick retries, an exchange and queues of the test's own.

    They are left to the end of the node: see the subscription of tests/services/broker/conftest.py.
    """
    name = uuid4().hex
    own = replace(notifying.NOTIFICATIONS, exchange=name, queue=f"{name}.tickets.notify", retry_delays_seconds=QUICK)
    monkeypatch.setattr(tickets, "EXCHANGE", own.exchange)
    monkeypatch.setattr(tickets, "NOTIFICATIONS", own)
    return own


@pytest.fixture
def environment(database: TestDatabase, rabbitmq: RabbitMq, aws: Aws, receiver: Receiver) -> dict[str, str]:
    """What the service finds in its environment."""
    return {
        "APP_ENV": "test",
        "AWS_REGION": REGION,
        "BROKER_SECRET_ARN": aws.secret({"username": rabbitmq.user, "password": rabbitmq.password}),
        "BROKER_URL": f"amqps://{HOST}:{rabbitmq.port}",
        "DATABASE_POOL_SIZE": "8",
        "DATABASE_URL": database.url_of("tickets"),
        "POWERTOOLS_SERVICE_NAME": "tickets",
        "TELEGRAM_BASE_URL": receiver.url,
        "TELEGRAM_SECRET_ARN": aws.secret(TOKEN),
    }


@pytest.fixture
def client(environment: dict[str, str]) -> Iterator[httpx.Client]:
    """A client of the service, which runs in threads of this process."""
    with (
        serving(tickets.create_app(TicketsSettings.from_environment(environment))) as url,
        client_of(url) as client,
    ):
        yield client
