"""The Database stack."""

from dataclasses import dataclass
from typing import Unpack

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from config.model import DatabaseConfig, Lifecycle
from constructs_lib.access import Database
from constructs_lib.migrations import Migrations
from constructs_lib.postgres import AuroraPostgres
from constructs_lib.workload import WorkloadOptions
from stacks.base import GroundworkStack, StackOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseProps:
    """What the Database stack is made from."""

    vpc: ec2.IVpc
    """The VPC with isolated subnets for the cluster, and private ones for the function that migrates it."""
    config: DatabaseConfig
    """Version, capacity, readers and backups."""
    lifecycle: Lifecycle
    """What becomes of the data when the stack is deleted."""
    workload: WorkloadOptions
    """Options of the function that migrates the schema."""


class DatabaseStack(GroundworkStack):
    """The Aurora cluster with its schema.

    A stack of its own because it holds the state: it is protected as a whole, and of all code only the function that
    migrates stands here. It does so that code which needs a migration comes after it.
    """

    def __init__(self, scope: Construct, id_: str, *, props: DatabaseProps, **options: Unpack[StackOptions]) -> None:
        super().__init__(scope, id_, **options)
        postgres = AuroraPostgres(self, "Postgres", vpc=props.vpc, config=props.config, lifecycle=props.lifecycle)
        self.database = Database(
            cluster=postgres.cluster, secret=postgres.secret, name=props.config.name, port=props.config.port
        )
        Migrations(self, "Migrations", vpc=props.vpc, database=self.database, options=props.workload)
        self.output("ClusterEndpoint", postgres.cluster.cluster_endpoint.hostname, "The writer's host name")
        self.output("SecretArn", postgres.secret.secret_arn, "Credentials of the master user")
        self.output("DatabaseName", props.config.name, "The database inside the cluster")
