"""A worker, its queue, and receivers that answer as a test wants."""

from collections.abc import Iterator

import pytest

from services.settings import WorkerSettings
from services.worker import Worker
from tests.services.worker.batch_helpers import MAX_RECEIVES, Hooks, build
from tests.support.batches import Source
from tests.support.emulator import Aws
from tests.support.postgres import TestDatabase
from tests.support.receiver import Receiver


@pytest.fixture
def source(aws: Aws) -> Source:
    return Source.create(aws)


@pytest.fixture
def settings(database: TestDatabase, aws: Aws, source: Source, receiver: Receiver) -> WorkerSettings:
    aws.ses.verify_email_identity(EmailAddress="no-reply@example.com")
    return WorkerSettings.from_environment(
        {
            "DATABASE_URL": database.url_of("worker"),
            "DLQ_URL": source.dead_letter_url,
            "MAX_RECEIVE_COUNT": str(MAX_RECEIVES),
            "OTHER_PRODUCERS": "true",
            "EMAIL_SENDER": "no-reply@example.com",
            "TELEGRAM_SECRET_ARN": aws.secret("42:token"),
            "TELEGRAM_BASE_URL": receiver.url,
            "WEBHOOK_HOSTS_ALLOWED_INSIDE": "localhost",
            "POWERTOOLS_METRICS_NAMESPACE": "test",
            "POWERTOOLS_SERVICE_NAME": "worker",
            "APP_ENV": "test",
        }
    )


@pytest.fixture
def worker(settings: WorkerSettings) -> Iterator[Worker]:
    worker, connection = build(settings)
    yield worker
    connection.close()


@pytest.fixture
def hooks(receiver: Receiver) -> Hooks:
    return Hooks(receiver)
