"""A broker's client, and a subscription of the test's own."""

import json
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from pika import BasicProperties

from services.broker import Broker, Subscription
from services.broker.subscription import declare
from services.events import Event
from services.secret_values import SecretValues
from services.settings import BrokerServer
from tests.support.emulator import Aws
from tests.support.postgres import HOST
from tests.support.rabbitmq import RabbitMq
from tests.support.slow_line import SlowLine

# In seconds; long enough to tell one from the other.
QUICK = (0.1, 0.3)
TOPIC = "order.placed"


def event(topic: str = TOPIC, **payload: object) -> Event:
    return Event(id=uuid4(), topic=topic, payload=payload)


@pytest.fixture
def secret_arn(rabbitmq: RabbitMq, aws: Aws) -> str:
    """The credentials, as the infrastructure hands them over."""
    return aws.secret({"username": rabbitmq.user, "password": rabbitmq.password})


@pytest.fixture
def broker(rabbitmq: RabbitMq, secret_arn: str) -> Broker:
    """A client of the broker."""
    return client(rabbitmq, secret_arn)


def client(rabbitmq: RabbitMq | SlowLine, secret_arn: str) -> Broker:
    server = BrokerServer.model_validate(
        {"BROKER_URL": f"amqps://{HOST}:{rabbitmq.port}", "BROKER_SECRET_ARN": secret_arn}
    )
    return Broker(server, SecretValues(), client_name="test")


@pytest.fixture
def subscription(rabbitmq: RabbitMq) -> Subscription:
    """A subscription that exists, with nothing in its queues.

    They are left to the end of the node: RabbitMQ 3.10 may lose its dead-lettering, and with it every queue made later,
    when a queue is deleted while it starts.
    """
    name = uuid4().hex
    made = Subscription(exchange=name, queue=f"{name}.orders", topics=("order.*",), retry_delays_seconds=QUICK)
    with rabbitmq.connect() as connection:
        declare(connection.channel(), made)
    return made


@pytest.fixture
def send(rabbitmq: RabbitMq, subscription: Subscription) -> Callable[..., UUID]:
    """Puts a message into the subscription's queue, without a publisher; returns its id."""

    def put(*, body: bytes = b"{}", **properties: object) -> UUID:
        event_id = uuid4()
        given = {"message_id": str(event_id), "type": TOPIC} | properties
        with rabbitmq.connect() as connection:
            connection.channel().basic_publish(subscription.exchange, TOPIC, body, BasicProperties(**given))  # type: ignore[arg-type]  # whatever the test wants
        return event_id

    return put


def payload(body: bytes) -> dict[str, object]:
    decoded: dict[str, object] = json.loads(body)
    return decoded
