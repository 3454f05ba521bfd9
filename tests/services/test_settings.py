"""What a process needs from its environment, and what it says when something is missing."""

import pytest

from services.settings import (
    ApiSettings,
    DatabaseServer,
    DatabaseUrl,
    MigrationSettings,
    RotationSettings,
    SettingsError,
    TicketsSettings,
    WebSettings,
    WorkerSettings,
)
from services.settings.base import Process

DATABASE = {
    "DATABASE_HOST": "writer.example.com",
    "DATABASE_PORT": "5432",
    "DATABASE_NAME": "notifications",
    "DATABASE_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:000000000000:secret:database",
    "DATABASE_SSLMODE": "verify-full",
}
PROCESS = {"APP_ENV": "dev", "POWERTOOLS_SERVICE_NAME": "notifications"}
API = {
    **DATABASE,
    **PROCESS,
    "DATABASE_POOL_SIZE": "10",
    "QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/000000000000/queue",
    "AUTHENTICATION": "off",
    "AWS_REGION": "eu-west-1",
}
WORKER = {
    **DATABASE,
    **PROCESS,
    "DLQ_URL": "https://sqs.eu-west-1.amazonaws.com/000000000000/dead",
    "MAX_RECEIVE_COUNT": "5",
    "EMAIL_SENDER": "no-reply@example.com",
    "TELEGRAM_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:000000000000:secret:telegram",
    "POWERTOOLS_METRICS_NAMESPACE": "notifications",
}
USERS = {"DATABASE_USERS": '{"api": "arn:aws:secretsmanager:eu-west-1:000000000000:secret:api"}'}
MIGRATIONS = {**DATABASE, **PROCESS, **USERS, "DATABASE_SCHEMA": "notifications"}
BROKER = {
    "BROKER_URL": "amqps://b-1.mq.eu-west-1.amazonaws.com:5671",
    "BROKER_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:000000000000:secret:broker",
}
SERVICE = {**DATABASE, **PROCESS, "DATABASE_POOL_SIZE": "10", "AWS_REGION": "eu-west-1"}
TICKETS = {**SERVICE, **BROKER, "TELEGRAM_SECRET_ARN": WORKER["TELEGRAM_SECRET_ARN"]}

PROCESSES = [
    pytest.param(ApiSettings, API, id="api"),
    pytest.param(WorkerSettings, WORKER, id="worker"),
    pytest.param(MigrationSettings, MIGRATIONS, id="migrations"),
    pytest.param(RotationSettings, {**DATABASE, **PROCESS, **USERS}, id="rotation"),
    pytest.param(TicketsSettings, TICKETS, id="tickets"),
    pytest.param(WebSettings, SERVICE, id="web"),
]


@pytest.mark.parametrize(("settings", "environment"), PROCESSES)
def test_required_variables_are_exactly_those_it_does_not_start_without(
    settings: type[Process], environment: dict[str, str]
) -> None:
    assert settings.required_variables() == set(environment)
    assert settings.from_environment(environment)
    for name in environment:
        without = {key: value for key, value in environment.items() if key != name}
        with pytest.raises(SettingsError, match=f"^{name} is missing"):
            settings.from_environment(without)


@pytest.mark.parametrize(("settings", "environment"), PROCESSES)
def test_optional_variables_are_those_with_a_default(settings: type[Process], environment: dict[str, str]) -> None:
    assert not settings.optional_variables() & set(environment)
    assert {"DATABASE_URL", "LOG_LEVEL"} <= settings.optional_variables()


def test_every_problem_is_named_at_once() -> None:
    environment = {**API, "DATABASE_PORT": "70000", "LOG_LEVEL": "loud", "QUEUE_URL": "  "}
    del environment["APP_ENV"]
    with pytest.raises(SettingsError) as refused:
        ApiSettings.from_environment(environment)
    lines = str(refused.value).splitlines()
    assert sorted(line.split()[0] for line in lines) == ["APP_ENV", "DATABASE_PORT", "LOG_LEVEL", "QUEUE_URL"]
    assert "DATABASE_PORT is '70000': input should be less than or equal to 65535" in lines


@pytest.mark.parametrize(
    ("users", "told"),
    [
        ("nobody", "invalid JSON: "),
        ('["api"]', "input should be a valid dictionary"),
        ('{"api": 1}', "api: input should be a valid string"),
        ('{"api": ""}', "api: string should have at least 1 character"),
    ],
)
def test_what_is_wrong_inside_a_variable_is_told_with_its_name(users: str, told: str) -> None:
    with pytest.raises(SettingsError) as refused:
        MigrationSettings.from_environment({**MIGRATIONS, "DATABASE_USERS": users})
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"DATABASE_USERS is '{users}': {told}")


def test_a_database_url_stands_for_the_five_variables_and_is_not_shown() -> None:
    environment = {key: value for key, value in API.items() if key not in DATABASE}
    settings = ApiSettings.from_environment({**environment, "DATABASE_URL": "postgresql://u:secret@host/db"})
    assert settings.database == DatabaseUrl(DATABASE_URL="postgresql://u:secret@host/db")
    assert "secret@" not in repr(settings)


def test_an_empty_database_url_counts_as_none() -> None:
    assert isinstance(ApiSettings.from_environment({**API, "DATABASE_URL": ""}).database, DatabaseServer)


def test_the_api_listens_on_every_interface_at_port_3000_unless_told_otherwise() -> None:
    settings = ApiSettings.from_environment(API)
    assert (settings.host, settings.port) == ("0.0.0.0", 3000)  # noqa: S104
    told = ApiSettings.from_environment({**API, "HOST": "127.0.0.1", "PORT": "8080"})
    assert (told.host, told.port) == ("127.0.0.1", 8080)


def test_telegram_is_reached_at_its_public_address_unless_told_otherwise() -> None:
    assert WorkerSettings.from_environment(WORKER).telegram_base_url == "https://api.telegram.org"


@pytest.mark.parametrize("url", ["amqp://broker:5672", "broker:5671", "https://broker", "amqps://"])
def test_a_broker_is_reached_by_tls_only(url: str) -> None:
    with pytest.raises(SettingsError, match=f"^BROKER_URL is '{url}': "):
        TicketsSettings.from_environment({**TICKETS, "BROKER_URL": url})


def test_the_brokers_usual_port_may_be_left_out() -> None:
    settings = TicketsSettings.from_environment({**TICKETS, "BROKER_URL": "amqps://broker"})
    assert (settings.broker.broker_url.host, settings.broker.broker_url.port) == ("broker", 5671)
