"""The Database stack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Unpack

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.model import DatabaseConfig, Lifecycle
from constructs_lib.access import Database
from constructs_lib.database_users import PasswordRotation, user_secrets, users_variables
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
    users: Mapping[str, Sequence[str]]
    """Users of each database, by its name: whoever uses it signs in as one of them."""
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
    migrate and that rotate passwords stand here. They do so that code which needs a migration, or a user, comes after
    it. Each database has its secrets, a security group, parameters and functions of its own, so that nothing reaches
    more than one.
    """

    def __init__(self, scope: Construct, id_: str, *, props: DatabaseProps, **options: Unpack[StackOptions]) -> None:
        super().__init__(scope, id_, **options)
        self._servers = {key: self._server(key, config, props) for key, config in props.databases.items()}
        self._databases = {key: self._with_users(key, server.database, props) for key, server in self._servers.items()}

    @property
    def databases(self) -> Mapping[str, Database]:
        """Each database as its consumers see it, by its name."""
        return self._databases

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
        self.output(f"{name}DatabaseEndpoint", server.database.host, f"Host name of the {key} database's writer")
        self.output(
            f"{name}DatabaseSecretArn", server.database.master_secret.secret_arn, "Credentials of its master user"
        )
        self.output(f"{name}DatabaseName", config.name, "Name of the database inside the server")
        return server

    def _with_users(self, key: str, server: Database, props: DatabaseProps) -> Database:
        name, config = pascal_case(key), props.databases[key]
        database = user_secrets(
            self, f"{name}Users", database=server, users=props.users[key], lifecycle=props.lifecycle
        )
        migrations = Migrations(self, f"{name}Migrations", vpc=props.vpc, database=database, options=props.workload)
        self.output(
            f"{name}MigrationsFunctionName",
            migrations.function.function_name,
            f"The function that brings the schema and the users of the {key} database up to date",
        )
        if database.users:
            PasswordRotation(
                self,
                f"{name}Rotation",
                vpc=props.vpc,
                database=database,
                days=config.password_rotation_days,
                migrated=migrations.run,
                options=props.workload,
            )
            self.output(
                f"{name}DatabaseUsers",
                users_variables(self, database)["DATABASE_USERS"],
                f"Secret of each user of the {key} database",
            )
        return database
