"""Connecting to a broker that asks for a password over TLS."""

import json

import pytest

from services.broker import Broker, BrokerUnavailableError
from tests.services.broker.conftest import client
from tests.support.emulator import Aws
from tests.support.rabbitmq import RabbitMq


def works(broker: Broker) -> bool:
    connection = broker.connect()
    open_then = bool(connection.channel().is_open)
    connection.close()
    return open_then


def test_it_connects_with_the_credentials_of_the_secret(broker: Broker) -> None:
    assert works(broker)


def test_a_rotated_password_is_read_anew(rabbitmq: RabbitMq, aws: Aws) -> None:
    secret_arn = aws.secret({"username": rabbitmq.user, "password": "of yesterday"})
    broker = client(rabbitmq, secret_arn)
    with pytest.raises(BrokerUnavailableError, match="refused user name or password"):
        broker.connect()
    current = {"username": rabbitmq.user, "password": rabbitmq.password}
    aws.secrets.put_secret_value(SecretId=secret_arn, SecretString=json.dumps(current))
    assert works(broker)


def test_a_certificate_that_is_not_trusted_is_refused(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", f"{tmp_path}/absent")
    with pytest.raises(BrokerUnavailableError, match="CERTIFICATE_VERIFY_FAILED"):
        broker.connect()


def test_a_broker_that_is_away_is_told(broker: Broker, rabbitmq: RabbitMq) -> None:
    rabbitmq.stop()
    with pytest.raises(BrokerUnavailableError, match="cannot be reached"):
        broker.connect()


def test_a_secret_that_cannot_be_read_is_told(rabbitmq: RabbitMq, aws: Aws) -> None:
    with pytest.raises(BrokerUnavailableError, match="username, password"):
        client(rabbitmq, aws.secret("no JSON")).connect()
