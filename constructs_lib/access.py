"""Who may use what: network path, permission and variables of a consumer, all made from the consumer's side.

A resource's own stack never learns who uses it, so a new consumer changes its own stack only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs

from config.model import Uses
from constructs_lib.channels import Channels, lead_outside, ports_of
from constructs_lib.keys import allow_encryption, allow_reading_secret
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
    master_secret: secretsmanager.ISecret
    """Credentials of the master user, for what makes the schema and its users: JSON with `username` and `password`."""
    name: str
    """Name of the database inside the server."""
    schema: str
    """Which of the workload's schemas is in it."""
    arn: str
    """ARN of the cluster or instance."""
    users: Mapping[str, secretsmanager.ISecret] = field(default_factory=dict)
    """Credentials of each of the database's users: JSON with `username` and `password`."""
    key: kms.IKey | None = None
    """The customer key of its data; None where that is AWS's."""


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
    `RuntimeFunction` and `FargateService` do both by themselves. `user` is the one that the code signs in to its
    database as; `lists_buckets` is for code that asks whether its buckets are there, as a service does before it takes
    work.

    Raises:
        MissingResourceError: the declaration names what is not there.
    """

    def __init__(
        self,
        uses: Uses,
        resources: Resources,
        provider: Provider,
        channels: Channels | None = None,
        *,
        user: str | None = None,
        lists_buckets: bool = True,
    ) -> None:
        self._uses = uses
        self._lists_buckets = lists_buckets
        self._provider = provider
        self._channels = _present(bool(uses.channels), channels, "channels")
        self._database = _existing(uses.database, resources.databases, "database") if uses.database else None
        self._user = (
            _existing(user or "", self._database.users, f"of database {uses.database!r} the user")
            if self._database
            else None
        )
        self._queue = _present(uses.queue, resources.queue, "a queue")
        self._cache = _present(uses.cache, resources.cache, "a cache")
        self._broker = _present(uses.broker, resources.broker, "a broker")
        self._search = _present(uses.search, resources.search, "a search domain")
        self._buckets = {key: _existing(key, resources.buckets, "bucket") for key in uses.buckets}

    @property
    def variables(self) -> dict[str, str]:
        """The variables by which code finds what it uses; secrets are read at run time, by their ARN."""
        found: dict[str, str] = {}
        if self._database and self._user:
            found |= {
                "DATABASE_HOST": self._database.host,
                "DATABASE_PORT": self._database.endpoint_port,
                "DATABASE_NAME": self._database.name,
                "DATABASE_SECRET_ARN": self._user.secret_arn,
                "DATABASE_SSLMODE": self._provider.database_sslmode,
            }
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
    def egress_ports(self) -> Sequence[ec2.Port]:
        """The ports on which the code reaches the world; to the system's own servers `allow` leads."""
        return ports_of(self._uses.channels)

    @property
    def leaves(self) -> bool:
        """Whether the code delivers to anyone outside of AWS."""
        return lead_outside(self._uses.channels)

    def allow(self, consumer: Consumer) -> None:
        """Let the consumer reach what it uses, and read the credentials of it."""
        if self._database and self._user:
            port = ec2.Port.tcp(self._database.port)
            consumer.network.connections.allow_to(self._database.network, port, "PostgreSQL")
            allow_reading_secret(consumer.role, self._user)
        if self._queue:
            allow_sending(consumer.role, self._queue.queue)
        for server, name in ((self._cache, "Cache"), (self._broker, "Broker"), (self._search, "Search")):
            if server:
                consumer.network.connections.allow_to(server.network, ec2.Port.tcp(server.port), name)
                allow_reading_secret(consumer.role, server.secret)
        for bucket in self._buckets.values():
            _allow_objects(consumer, bucket)
            if self._lists_buckets:
                consumer.role.grant_principal.add_to_principal_policy(
                    iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket.bucket_arn])
                )
        if self._channels:
            self._channels.allow(consumer.role, self._uses.channels)


def allow_sending(role: iam.IGrantable, queue: sqs.IQueue) -> None:
    """Let a role send to a queue; the CDK's own grant lets it read the queue's settings too."""
    role.grant_principal.add_to_principal_policy(
        iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[queue.queue_arn])
    )
    allow_encryption(role, queue.encryption_master_key, "sqs")


def _allow_objects(consumer: Consumer, bucket: s3.IBucket) -> None:
    """Let the consumer read and write objects; what an upload leaves unfinished is the bucket's to clear away."""
    actions = ["s3:GetObject", "s3:PutObject"]
    consumer.role.grant_principal.add_to_principal_policy(
        iam.PolicyStatement(actions=actions, resources=[bucket.arn_for_objects("*")])
    )
    allow_encryption(consumer.role, bucket.encryption_key, "s3")


def _existing(key: str, found: Mapping[str, _Resource], what: str) -> _Resource:
    if key not in found:
        raise MissingResourceError(f"{what} {key!r}")
    return found[key]


def _present(used: bool, resource: _Resource | None, what: str) -> _Resource | None:
    if used and resource is None:
        raise MissingResourceError(what)
    return resource if used else None
