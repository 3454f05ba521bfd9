"""What the tests of the functions share."""

import logging
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.support.emulator import REGION, aws, emulator
from tests.support.patience import patience
from tests.support.postgres import HOST, TestDatabase, database, empty_database, migrated, postgres
from tests.support.receiver import certificate, receiver

__all__ = [
    "aws",
    "certificate",
    "database",
    "empty_database",
    "emulator",
    "migrated",
    "patience",
    "postgres",
    "receiver",
]

_CONFIGURED = ("services", "uvicorn", "psycopg", "alembic", "pika", "httpx")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """What every function finds in its environment, apart from its database."""
    for name, value in {
        "APP_ENV": "test",
        "AWS_REGION": REGION,
        "LOG_LEVEL": "INFO",
        # A new one each time: loggers are known by it, and keep the output of the test that made them.
        "POWERTOOLS_SERVICE_NAME": f"test-{uuid4()}",
        "POWERTOOLS_METRICS_NAMESPACE": "test",
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A function configures the logging of its process, and with it that of the tests."""
    loggers = [logging.getLogger(name) for name in _CONFIGURED]
    before = [(logger.handlers, logger.propagate, logger.level) for logger in loggers]
    yield
    for logger, state in zip(loggers, before, strict=True):
        logger.handlers, logger.propagate, logger.level = state


def use_database(environment: pytest.MonkeyPatch, database: TestDatabase, secret_arn: str) -> None:
    """Hands a function its database the way the infrastructure does."""
    environment.setenv("DATABASE_HOST", HOST)
    environment.setenv("DATABASE_PORT", str(database.server.port))
    environment.setenv("DATABASE_NAME", database.name)
    environment.setenv("DATABASE_SECRET_ARN", secret_arn)
    environment.setenv("DATABASE_SSLMODE", "disable")
