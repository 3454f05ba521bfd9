"""Finds the databases of the deployed stacks, and what makes logical dumps of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import psycopg
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.cloud import CLIENT_CONFIG, client_options, session
from local.errors import LocalError
from local.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackResourceSummaryTypeDef

# The variables by which a function that makes dumps is known, and the one that names its database's server.
_DUMP_VARIABLE = "BACKUPS_BUCKET"
_PORT_VARIABLE = "DATABASE_PORT"

_CONNECT_SECONDS = 2
# RDS answers here when the server runs, which the cloud gives a restore five minutes for. Asked once: a restore that is
# asked for again while it runs is refused, since its copy exists.
_RDS_CONFIG = CLIENT_CONFIG.merge(Config(read_timeout=330, retries={"total_max_attempts": 1}))


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """A deployed Aurora cluster or RDS instance of PostgreSQL."""

    stack: str
    logical_id: str
    identifier: str
    """RDS's own."""
    is_cluster: bool
    host: str
    port: int
    name: str
    user: str
    password: str
    dump_function: str | None = None
    """Name of the Lambda function that makes logical dumps of it."""

    @property
    def label(self) -> str:
        """How people know it."""
        return f"{self.stack}/{self.logical_id}"

    def connect(self, *, host: str | None = None, port: int | None = None, name: str | None = None) -> Any:
        """A connection that commits each statement; to a copy or to another database where one is named.

        Raises:
            psycopg.OperationalError: the server does not answer.
        """
        return psycopg.connect(
            host=host or self.host,
            port=port or self.port,
            dbname=name or self.name,
            user=self.user,
            password=self.password,
            connect_timeout=_CONNECT_SECONDS,
            autocommit=True,
            application_name="restore drill",
        )


class Account:
    """What the drill asks of the embedded cloud's APIs."""

    def __init__(self, settings: Settings) -> None:
        """Clients as the account's administrator; nothing is called yet."""
        options = client_options(settings)
        here = session(settings)
        patient = client_options(settings)
        patient["config"] = _RDS_CONFIG
        self.rds = here.client("rds", **patient)
        self._cloudformation = here.client("cloudformation", **options)
        self._secrets = here.client("secretsmanager", **options)
        self._lambda = here.client("lambda", **options)

    def databases(self, stacks: list[str]) -> list[Database]:
        """The PostgreSQL databases that belong to these stacks.

        Raises:
            LocalError: the cloud does not tell, or a database has no secret that opens it.
        """
        try:
            resources = [(stack, each) for stack in stacks for each in self._resources(stack)]
            functions = dict(self._dump_functions(resources))
            found = [self._describe(stack, each) for stack, each in resources]
        except (BotoCoreError, ClientError) as error:
            raise LocalError(f"the databases of the stacks cannot be listed: {error}") from error
        return [replace(each, dump_function=functions.get(each.port)) for each in found if each is not None]

    def template(self, stack: str) -> dict[str, Any]:
        """The template that a stack was deployed from.

        Raises:
            LocalError: the cloud does not tell.
        """
        try:
            body: Any = self._cloudformation.get_template(StackName=stack)["TemplateBody"]
            return dict(json.loads(body) if isinstance(body, str) else body)
        except (BotoCoreError, ClientError, ValueError) as error:
            raise LocalError(f"the template of {stack} cannot be read: {error}") from error

    def _resources(self, stack: str) -> Iterator["StackResourceSummaryTypeDef"]:
        for page in self._cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
            yield from page["StackResourceSummaries"]

    def _describe(self, stack: str, resource: "StackResourceSummaryTypeDef") -> Database | None:
        identifier = resource.get("PhysicalResourceId", "")
        if resource["ResourceType"] == "AWS::RDS::DBCluster":
            cluster = self.rds.describe_db_clusters(DBClusterIdentifier=identifier)["DBClusters"][0]
            return self._database(stack, resource, cluster, (cluster.get("Endpoint", ""), cluster.get("Port", 0)))
        if resource["ResourceType"] == "AWS::RDS::DBInstance":
            instance = self.rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]
            endpoint = instance.get("Endpoint", {})
            if not instance.get("DBClusterIdentifier"):
                return self._database(stack, resource, instance, (endpoint.get("Address", ""), endpoint.get("Port", 0)))
        return None

    def _database(
        self, stack: str, resource: "StackResourceSummaryTypeDef", record: Any, endpoint: tuple[str, int]
    ) -> Database | None:
        if "postgres" not in record["Engine"]:
            return None
        identifier = resource.get("PhysicalResourceId", "")
        secret = (record.get("MasterUserSecret") or {}).get("SecretArn")
        if secret is None:
            raise LocalError(
                f"{stack}/{resource['LogicalResourceId']} has no master secret of RDS's, so it is not opened"
            )
        credentials = json.loads(self._secrets.get_secret_value(SecretId=secret)["SecretString"])
        return Database(
            stack=stack,
            logical_id=resource["LogicalResourceId"],
            identifier=identifier,
            is_cluster=resource["ResourceType"] == "AWS::RDS::DBCluster",
            host=endpoint[0],
            port=endpoint[1],
            name=record.get("DatabaseName") or record.get("DBName") or "postgres",
            user=credentials["username"],
            password=credentials["password"],
        )

    def _dump_functions(self, resources: list[tuple[str, "StackResourceSummaryTypeDef"]]) -> Iterator[tuple[int, str]]:
        """The functions that make dumps, by the port of the server they dump: on this machine ports are unique."""
        for _, resource in resources:
            if resource["ResourceType"] == "AWS::Lambda::Function":
                name = resource.get("PhysicalResourceId", "")
                described = self._lambda.get_function_configuration(FunctionName=name)
                variables = described.get("Environment", {}).get("Variables", {})
                if _DUMP_VARIABLE in variables and variables.get(_PORT_VARIABLE, "").isdigit():
                    yield int(variables[_PORT_VARIABLE]), name
