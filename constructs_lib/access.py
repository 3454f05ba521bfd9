"""Who may use what: network path, permission and variables of a consumer, all made from the consumer's side.

A resource's own stack never learns who uses it, so a new consumer changes its own stack only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs

from config.model import Uses
from constructs_lib.channels import Channels, port_of
from constructs_lib.providers import Provider

_Resource = TypeVar("_Resource")


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """A PostgreSQL server as its consumers see it."""

    network: ec2.IConnectable
    """The server's side of the network: an Aurora cluster or an RDS instance."""
    host: str
    """Host name of the writer."""
    endpoint_port: str
    """Port the writer answers on, as CloudFormation reports it."""
    port: int
    """TCP port of the server's security group."""
    secret: secretsmanager.ISecret
    """Credentials: JSON with `username` and `password`."""
    name: str
    """Name of the database inside the server."""
    schema: str
    """Which of the workload's schemas is in it."""
    arn: str
    """ARN of the cluster or instance."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """A queue and its dead-letter queue as their consumers see them."""

    queue: sqs.IQueue
    """Where messages wait."""
    dlq: sqs.IQueue
    """Where messages end that cannot be delivered."""
    max_receive_count: int
    """Receives after which SQS moves a message to the dead-letter queue."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cache:
    """A cache as its consumers see it."""

    network: ec2.IConnectable
    """The cache's side of the network."""
    host: str
    """Host name of the primary node."""
    endpoint_port: str
    """Port the primary answers on, as CloudFormation reports it."""
    port: int
    """TCP port of the cache's security group."""
    secret: secretsmanager.ISecret
    """The AUTH token, as plain text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Broker:
    """A message broker as its consumers see it."""

    network: ec2.IConnectable
    """The broker's side of the network."""
    url: str
    """`amqps://host:port`, without credentials."""
    port: int
    """TCP port of the broker's security group."""
    secret: secretsmanager.ISecret
    """Credentials: JSON with `username` and `password`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """A search domain as its consumers see it."""

    network: ec2.IConnectable
    """The domain's side of the network."""
    url: str
    """`https://host`."""
    port: int
    """TCP port of the domain's security group."""
    secret: secretsmanager.ISecret
    """Credentials: JSON with `username` and `password`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Consumer:
    """Code that runs, as the resources it uses see it."""

    role: iam.IGrantable
    """Whom permissions are given to."""
    network: ec2.IConnectable
    """Where its connections come from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resources:
    """What a system has to be used; `config.rules` refuses a `Uses` that names what is not there."""

    databases: Mapping[str, Database] = field(default_factory=dict)
    queue: Queue | None = None
    cache: Cache | None = None
    broker: Broker | None = None
    search: Search | None = None
    buckets: Mapping[str, s3.IBucket] = field(default_factory=dict)


class MissingResourceError(ValueError):
    """Code declares that it uses what its system does not have."""

    def __init__(self, what: str) -> None:
        super().__init__(f"uses {what}, which the system does not have; add it to the system or take it out of uses")


class Access:
    """One declaration of what code uses, resolved against what its system has and the channels of its stack.

    Variables and port come first, since code is made with them; `allow` follows once there is a role and a network.
    `RuntimeFunction` and `FargateService` do both by themselves.

    Raises:
        MissingResourceError: the declaration names what is not there.
    """

    def __init__(self, uses: Uses, resources: Resources, provider: Provider, channels: Channels | None = None) -> None:
        self._uses = uses
        self._provider = provider
        self._channels = _present(bool(uses.channels), channels, "channels")
        self._database = _existing(uses.database, resources.databases, "database") if uses.database else None
        self._queue = _present(uses.queue, resources.queue, "a queue")
        self._cache = _present(uses.cache, resources.cache, "a cache")
        self._broker = _present(uses.broker, resources.broker, "a broker")
        self._search = _present(uses.search, resources.search, "a search domain")
        self._buckets = {key: _existing(key, resources.buckets, "bucket") for key in uses.buckets}

    @property
    def variables(self) -> dict[str, str]:
        """The variables by which code finds what it uses; secrets are read at run time, by their ARN."""
        found: dict[str, str] = {}
        if self._database:
            found |= database_variables(self._database, self._provider)
        if self._queue:
            found["QUEUE_URL"] = self._queue.queue.queue_url
        if self._cache:
            found |= {
                "CACHE_HOST": self._cache.host,
                "CACHE_PORT": self._cache.endpoint_port,
                "CACHE_SECRET_ARN": self._cache.secret.secret_arn,
            }
        if self._broker:
            found |= {"BROKER_URL": self._broker.url, "BROKER_SECRET_ARN": self._broker.secret.secret_arn}
        if self._search:
            found |= {"SEARCH_URL": self._search.url, "SEARCH_SECRET_ARN": self._search.secret.secret_arn}
        for key, bucket in self._buckets.items():
            found[f"{key.replace('-', '_').upper()}_BUCKET"] = bucket.bucket_name
        if self._channels:
            found |= self._channels.variables(self._uses.channels)
        return found

    @property
    def egress_port(self) -> ec2.Port:
        """The port on which the code reaches the world; to the system's own servers `allow` leads."""
        return port_of(self._uses.channels)

    def allow(self, consumer: Consumer) -> None:
        """Let the consumer reach what it uses, and read the credentials of it."""
        if self._database:
            allow_database(consumer, self._database)
        if self._queue:
            self._queue.queue.grant_send_messages(consumer.role)
        for server, name in ((self._cache, "Cache"), (self._broker, "Broker"), (self._search, "Search")):
            if server:
                consumer.network.connections.allow_to(server.network, ec2.Port.tcp(server.port), name)
                server.secret.grant_read(consumer.role)
        for bucket in self._buckets.values():
            _allow_objects(consumer, bucket)
        if self._channels:
            self._channels.allow(consumer.role, self._uses.channels)


def database_variables(database: Database, provider: Provider) -> dict[str, str]:
    """Return the variables by which code finds a database; the password itself is read at run time, by the secret."""
    return {
        "DATABASE_HOST": database.host,
        "DATABASE_PORT": database.endpoint_port,
        "DATABASE_NAME": database.name,
        "DATABASE_SECRET_ARN": database.secret.secret_arn,
        "DATABASE_SSLMODE": provider.database_sslmode,
    }


def allow_database(consumer: Consumer, database: Database) -> None:
    """Let the consumer connect to a database and read its credentials."""
    consumer.network.connections.allow_to(database.network, ec2.Port.tcp(database.port), "PostgreSQL")
    database.secret.grant_read(consumer.role)


def _allow_objects(consumer: Consumer, bucket: s3.IBucket) -> None:
    """Let the consumer read and write objects; the CDK's own grant names actions by wildcards."""
    actions = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]
    principal = consumer.role.grant_principal
    principal.add_to_principal_policy(iam.PolicyStatement(actions=actions, resources=[bucket.arn_for_objects("*")]))
    # Without it, an object that is not there is refused like a forbidden one.
    principal.add_to_principal_policy(iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket.bucket_arn]))


def _existing(key: str, found: Mapping[str, _Resource], what: str) -> _Resource:
    if key not in found:
        raise MissingResourceError(f"{what} {key!r}")
    return found[key]


def _present(used: bool, resource: _Resource | None, what: str) -> _Resource | None:
    if used and resource is None:
        raise MissingResourceError(what)
    return resource if used else None
