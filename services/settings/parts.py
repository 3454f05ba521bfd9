"""What the settings of a program are put together from: one class for each thing that a program may use."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, StringConstraints, Tag, UrlConstraints
from pydantic_core import Url

from services.identity.rules import AuthenticationVariable
from services.settings.base import Port, Process, Text, Variables

HostInside = Annotated[
    str,
    StringConstraints(
        pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z]([a-z0-9-]*[a-z0-9])?(:[1-9][0-9]{0,4})?$",
    ),
]
SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]


class DatabaseServer(Variables):
    """Where the database listens, and the Secrets Manager secret that holds `username` and `password`."""

    database_host: Text
    database_port: Port
    database_name: Text
    database_secret_arn: Text
    database_sslmode: SslMode


class DatabaseUrl(Variables):
    """A libpq URL with everything in it. Its password does not survive a rotation of the secret."""

    database_url: Text = Field(repr=False)


def _kind_of_location(value: object) -> str:
    if isinstance(value, Mapping):
        return "url" if "DATABASE_URL" in value else "server"
    return "url" if isinstance(value, DatabaseUrl) else "server"


DatabaseLocation = Annotated[
    Annotated[DatabaseServer, Tag("server")] | Annotated[DatabaseUrl, Tag("url")],
    Discriminator(_kind_of_location),
]


class CacheServer(Variables):
    """Where Redis or Valkey listens (TLS), and the Secrets Manager secret that is its token as plain text."""

    cache_host: Text
    cache_port: Port
    cache_secret_arn: Text


class BrokerServer(Variables):
    """RabbitMQ's address, and the Secrets Manager secret that holds `username` and `password`."""

    broker_url: Annotated[Url, UrlConstraints(allowed_schemes=["amqps"], host_required=True, default_port=5671)]
    broker_secret_arn: Text


class SearchServer(Variables):
    """OpenSearch's address, and the Secrets Manager secret that holds `username` and `password`."""

    search_url: Annotated[Url, UrlConstraints(allowed_schemes=["https"], host_required=True)]
    search_secret_arn: Text


class WithDatabase(Process):
    """Uses a database. `DATABASE_URL`, when set, stands for the five variables of DatabaseServer."""

    database: DatabaseLocation


class WithDatabasePool(WithDatabase):
    """Keeps at most so many connections to the database."""

    database_pool_size: Annotated[int, Field(ge=1, le=1000)]


class WithQueue(Process):
    """Sends to an SQS queue."""

    queue_url: Text


class WithCache(Process):
    """Uses Redis or Valkey."""

    cache: CacheServer


class WithBroker(Process):
    """Uses RabbitMQ."""

    broker: BrokerServer


class WithSearch(Process):
    """Uses OpenSearch."""

    search: SearchServer


class WithEmail(Process):
    """Sends e-mail from one verified address."""

    email_sender: Text


class WithTelegram(Process):
    """Sends as a Telegram bot, whose token is the secret."""

    telegram_secret_arn: Text
    telegram_base_url: Text = "https://api.telegram.org"


def _separated(value: object) -> object:
    return tuple(each.strip() for each in value.split(",")) if isinstance(value, str) else value


class WithChannels(WithEmail, WithTelegram):
    """Delivers by every channel.

    webhook_hosts_allowed_inside: hosts of webhooks that may have addresses inside, each `name` or `name:port`,
    separated by commas.
    """

    webhook_hosts_allowed_inside: Annotated[tuple[HostInside, ...], BeforeValidator(_separated)] = ()


class Served(Process):
    """A container: it answers HTTP, if only about its health and its metrics."""

    optional_for_libraries = frozenset({"POWERTOOLS_METRICS_NAMESPACE"})

    aws_region: Text
    # Every interface: inside a container the load balancer reaches the process by the task's own address.
    host: Text = "0.0.0.0"  # noqa: S104
    port: Port = 3000
    # After which the server closes an idle connection. A load balancer that keeps it for 60 s never meets a closed one.
    keep_alive_seconds: Annotated[int, Field(ge=1)] = 65
    # What requests under way are given to end after SIGTERM; then the background tasks may.
    drain_seconds: Annotated[int, Field(ge=1)] = 25


class WithAuthentication(Process):
    """Asks callers for a proof of their identity, if it is to; `AUTHENTICATION` has the rules as JSON, or is `off`."""

    authentication: AuthenticationVariable
