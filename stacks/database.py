"""The Database stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Unpack

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.model import DatabaseConfig, Lifecycle
from constructs_lib.access import Database
from constructs_lib.graphs import Graph
from constructs_lib.migrations import Migrations
from constructs_lib.names import pascal_case
from constructs_lib.postgres import Postgres, postgres
from constructs_lib.workload import WorkloadOptions
from stacks.base import GroundworkStack, StackOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseProps:
    """What the Database stack is made from."""

    vpc: ec2.IVpc
    """The VPC with subnets for data, and private ones for the functions that migrate."""
    databases: Mapping[str, DatabaseConfig]
    """Kind, version, capacity, backups and schema of each database, by its name."""
    lifecycle: Lifecycle
    """What becomes of the data when the stack is deleted."""
    workload: WorkloadOptions
    """Options of the functions that migrate the schemas."""
    alarm_topic: sns.ITopic | None
    """Where alarms go; None makes none."""
    copy_region: str | None
    """Region that gets a copy of the automated backups of instances; None keeps them in their own."""


class DatabaseStack(GroundworkStack):
    """The databases with their schemas.

    A stack of its own because it holds the state: it is protected as a whole, and of all code only the functions that
    migrate stand here. They do so that code which needs a migration comes after it. Each database has a secret, a
    security group, parameters and a migrating function of its own, so that nothing reaches more than one.
    """

    def __init__(self, scope: Construct, id_: str, *, props: DatabaseProps, **options: Unpack[StackOptions]) -> None:
        super().__init__(scope, id_, **options)
        self._servers = {key: self._server(key, config, props) for key, config in props.databases.items()}

    @property
    def databases(self) -> Mapping[str, Database]:
        """Each database as its consumers see it, by its name."""
        return {key: server.database for key, server in self._servers.items()}

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """What the databases show of themselves."""
        return tuple(graph for server in self._servers.values() for graph in server.graphs)

    def _server(self, key: str, config: DatabaseConfig, props: DatabaseProps) -> Postgres:
        name = pascal_case(key)
        server = postgres(
            self,
            name,
            vpc=props.vpc,
            config=config,
            lifecycle=props.lifecycle,
            provider=props.workload.provider,
            alarm_topic=props.alarm_topic,
            copy_region=props.copy_region,
        )
        Migrations(self, f"{name}Migrations", vpc=props.vpc, database=server.database, options=props.workload)
        self.output(f"{name}DatabaseEndpoint", server.database.host, f"Host name of the {key} database's writer")
        self.output(f"{name}DatabaseSecretArn", server.database.secret.secret_arn, "Credentials of its master user")
        self.output(f"{name}DatabaseName", config.name, "Name of the database inside the server")
        return server
