"""Who may use what: network path, permission and variables of a consumer, all made from the consumer's side.

A resource's own stack never learns who uses it, so a new consumer changes its own stack only.
"""

from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs

from constructs_lib.providers import Provider


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """A PostgreSQL cluster as its consumers see it."""

    cluster: rds.IDatabaseCluster
    """The cluster; its endpoint is the writer's."""
    secret: secretsmanager.ISecret
    """Credentials: JSON with `username` and `password`."""
    name: str
    """Name of the database inside the cluster."""
    port: int
    """TCP port of the cluster's security group."""


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
class Consumer:
    """Code that runs, as the resources it uses see it."""

    role: iam.IGrantable
    """Whom permissions are given to."""
    network: ec2.IConnectable
    """Where its connections come from."""


def database_variables(database: Database, provider: Provider) -> dict[str, str]:
    """Return the variables by which code finds a database; the password itself is read at run time, by the secret."""
    return {
        "DATABASE_HOST": database.cluster.cluster_endpoint.hostname,
        "DATABASE_PORT": str(database.cluster.cluster_endpoint.port),
        "DATABASE_NAME": database.name,
        "DATABASE_SECRET_ARN": database.secret.secret_arn,
        "DATABASE_SSLMODE": provider.database_sslmode,
    }


def allow_database(consumer: Consumer, database: Database) -> None:
    """Let the consumer connect to a database and read its credentials."""
    consumer.network.connections.allow_to(database.cluster, ec2.Port.tcp(database.port), "PostgreSQL")
    database.secret.grant_read(consumer.role)
