"""The seven services of the shop, each with a database of its own, and what they share."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import boto3
import httpx
import psycopg
import pytest
from fastapi import FastAPI
from psycopg import sql

from services.broker import Subscription
from services.settings import OrderNotificationSettings, ProductSettings, SearchSettings, SessionSettings
from services.shop import assembly, inventory, notification, order, payment, product, user
from services.shop.events import SUBSCRIPTIONS, Connections
from services.shop.search import app as search
from tests.support.emulator import REGION, Aws
from tests.support.postgres import HOST, PostgresServer, TestDatabase, free_port, migrated_database
from tests.support.rabbitmq import RabbitMq, rabbitmq, rabbitmq_server
from tests.support.redis import RedisServer, redis, redis_server
from tests.support.serving import client_of, serving

__all__ = ["rabbitmq", "rabbitmq_server", "redis", "redis_server"]

SENDER = "orders@example.com"
Environment = dict[str, str]
_CREATE: Mapping[str, Callable[[Environment], FastAPI]] = {
    "user": lambda variables: user.create_app(SessionSettings.from_environment(variables)),
    "product": lambda variables: product.create_app(ProductSettings.from_environment(variables)),
    "order": lambda variables: order.create_app(SessionSettings.from_environment(variables)),
    "payment": lambda variables: payment.create_app(SessionSettings.from_environment(variables)),
    "notification": lambda variables: notification.create_app(OrderNotificationSettings.from_environment(variables)),
    "search": lambda variables: search.create_app(SearchSettings.from_environment(variables)),
    "inventory": lambda variables: inventory.create_app(SessionSettings.from_environment(variables)),
}
SERVICES = tuple(_CREATE)


@pytest.fixture(scope="session")
def migrated_databases(postgres: PostgresServer) -> Iterator[Mapping[str, TestDatabase]]:
    """What `databases` are."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(migrated_database(postgres, f"shop_{name}")) for name in SERVICES}


@pytest.fixture
def databases(migrated_databases: Mapping[str, TestDatabase]) -> Mapping[str, TestDatabase]:
    """A database for each service, the same for all tests, each of which finds them empty."""
    for database in migrated_databases.values():
        with database.connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
            names = [sql.Identifier(name) for (name,) in connection.execute(tables)]
            connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(names)))
    return migrated_databases


@pytest.fixture
def subscriptions(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Subscription]:
    """The shop's, with an exchange and queues of the test's own, for services that run in this process.

    They are left to the end of the node: see the subscription of tests/services/broker/conftest.py.
    """
    name = uuid4().hex
    own = {
        service: replace(subscription, exchange=name, queue=f"{name}.{subscription.queue}")
        for service, subscription in SUBSCRIPTIONS.items()
    }
    monkeypatch.setattr(assembly, "EXCHANGE", name)
    monkeypatch.setattr(assembly, "SUBSCRIPTIONS", own)
    return own


@pytest.fixture
def environment(redis: RedisServer, aws: Aws) -> Environment:
    """What every service finds in its environment, without broker and database."""
    bucket = f"test-{uuid4().hex}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    aws.ses.verify_email_identity(EmailAddress=SENDER)
    return {
        "DATABASE_POOL_SIZE": "4",
        "CACHE_HOST": HOST,
        "CACHE_PORT": str(redis.port),
        "CACHE_SECRET_ARN": aws.secret(redis.token),
        "BROKER_URL": f"amqps://{HOST}:{free_port()}",
        "BROKER_SECRET_ARN": aws.secret({"username": "nobody", "password": "none"}),
        "SEARCH_URL": f"https://{HOST}:{free_port()}",
        "SEARCH_SECRET_ARN": aws.secret({"username": "search", "password": "secret"}),
        "MEDIA_BUCKET": bucket,
        "EMAIL_SENDER": SENDER,
        "AWS_REGION": REGION,
        "APP_ENV": "test",
        "POWERTOOLS_SERVICE_NAME": "shop",
    }


@pytest.fixture
def broker_environment(environment: Environment, rabbitmq: RabbitMq, aws: Aws) -> Environment:
    """The same with a broker that answers."""
    secret = aws.secret({"username": rabbitmq.user, "password": rabbitmq.password})
    return environment | {"BROKER_URL": f"amqps://{HOST}:{rabbitmq.port}", "BROKER_SECRET_ARN": secret}


Serve = Callable[[str], httpx.Client]


@contextmanager
def served(databases: Mapping[str, TestDatabase], variables: Environment) -> Iterator[Serve]:
    """Starts services by name; they end with the context."""
    with ExitStack() as stack:

        def start(name: str) -> httpx.Client:
            app = _CREATE[name](variables | {"DATABASE_URL": databases[name].url_of(name)})
            url = stack.enter_context(serving(app))
            return stack.enter_context(client_of(url))

        yield start


@pytest.fixture
def alone(databases: Mapping[str, TestDatabase], environment: Environment) -> Iterator[Serve]:
    """Starts a service whose broker is away: what it has to tell stays in its outbox."""
    with served(databases, environment) as serve:
        yield serve


@pytest.fixture
def together(
    databases: Mapping[str, TestDatabase],
    broker_environment: Environment,
    subscriptions: Mapping[str, Subscription],  # noqa: ARG001  # what they hear of each other by
) -> Iterator[Serve]:
    """Starts services that hear of each other, and of no other test."""
    with served(databases, broker_environment) as serve:
        yield serve


Told = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def told(databases: Mapping[str, TestDatabase]) -> Callable[[str], Told]:
    """What a service has put into its outbox, in order."""

    def told(name: str) -> Told:
        rows = databases[name].rows("SELECT topic, payload FROM outbox ORDER BY position")
        return [(topic, payload) for topic, payload in rows]

    return told


Connect = Callable[[str], psycopg.Connection[Any]]


@pytest.fixture
def connect(databases: Mapping[str, TestDatabase]) -> Connect:
    """Connects to the database of a service."""
    return lambda name: databases[name].connect()


@pytest.fixture
def connections(connect: Connect) -> Callable[[str], Connections]:
    def of(name: str) -> Connections:
        @contextmanager
        def connection() -> Iterator[psycopg.Connection[Any]]:
            with connect(name) as connection:
                yield connection

        return connection

    return of
