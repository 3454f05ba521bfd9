"""Channels that lead to the emulator and to a receiver."""

from collections.abc import Callable, Mapping

import pytest

from services.channels import Deliver, build_channels
from services.messages import Channel, Message
from services.secret_values import SecretValues
from services.settings import WorkerSettings
from tests.services.channels.names import ID, SENDER, TOKEN
from tests.support.emulator import Aws
from tests.support.receiver import Receiver


@pytest.fixture
def settings(aws: Aws, receiver: Receiver) -> WorkerSettings:
    aws.ses.verify_email_identity(EmailAddress=SENDER)
    return WorkerSettings.from_environment(
        {
            "DATABASE_URL": "postgresql://unused",
            "DLQ_URL": "unused",
            "MAX_RECEIVE_COUNT": "5",
            "EMAIL_SENDER": SENDER,
            "TELEGRAM_SECRET_ARN": aws.secret(TOKEN),
            "TELEGRAM_BASE_URL": receiver.url,
            "WEBHOOK_HOSTS_ALLOWED_INSIDE": "localhost",
            "POWERTOOLS_METRICS_NAMESPACE": "test",
            "POWERTOOLS_SERVICE_NAME": "worker",
            "APP_ENV": "test",
        }
    )


@pytest.fixture
def channels(settings: WorkerSettings) -> Mapping[Channel, Deliver]:
    return build_channels(settings, SecretValues())


@pytest.fixture
def deliver(channels: Mapping[Channel, Deliver]) -> Callable[..., None]:
    def deliver(channel: str, recipient: str, body: str = "World", subject: str | None = None) -> None:
        message = Message(id=ID, channel=Channel(channel), recipient=recipient, body=body, subject=subject)
        channels[message.channel](message)

    return deliver
