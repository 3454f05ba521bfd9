"""The stacks that hold data, each made alone beside a network: what they offer to those above, and to people."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions

from config.load import load
from config.model import (
    AuroraConfig,
    BackupConfig,
    BrokerConfig,
    BucketConfig,
    CacheConfig,
    DatabaseConfig,
    DumpConfig,
    InstanceConfig,
    Lifecycle,
    SearchConfig,
    StorageConfig,
)
from constructs_lib.access import Database, Resources
from constructs_lib.graphs import Graph
from constructs_lib.providers import LOCAL
from constructs_lib.workload import workload_options
from stacks.alarms import AlarmsStack
from stacks.backup import BackupProps, BackupStack
from stacks.base import GroundworkStack
from stacks.broker import BrokerProps, BrokerStack
from stacks.cache import CacheProps, CacheStack
from stacks.compose import new_app
from stacks.database import DatabaseProps, DatabaseStack
from stacks.network import NetworkStack
from stacks.search import SearchProps, SearchStack
from stacks.storage import StorageProps, StorageStack
from tests.support.synth import cdk_context

BASE = load("webapp", "dev")
KEPT = {"engine_version": "18.3", "backup_retention_days": 30}
CAPACITY = {"min_acu": 1, "max_acu": 2}
DATABASES: Mapping[str, DatabaseConfig] = {
    "order-items": AuroraConfig.model_validate({"name": "items", "schema_name": "pages"} | CAPACITY | KEPT),
    "carts": AuroraConfig.model_validate({"name": "carts", "schema_name": "pages"} | CAPACITY | KEPT),
    "users": InstanceConfig.model_validate({"name": "people", "schema_name": "tickets"} | KEPT),
    "tickets": InstanceConfig.model_validate({"name": "tickets", "schema_name": "tickets"} | KEPT),
}
BUCKETS = StorageConfig(buckets={"order-papers": BucketConfig(), "backups": BucketConfig(expire_days=30)})
DUMP = DumpConfig(database="users", bucket="backups")


@dataclass(frozen=True, kw_only=True, slots=True)
class DataStacks:
    """Every stack that holds data, their templates, and what a system's services may use."""

    templates: Mapping[str, assertions.Template]
    graphs: Mapping[str, tuple[Graph, ...]]
    resources: Resources

    def found(self, stack: str, resource_type: str) -> dict[str, dict[str, Any]]:
        return {name: dict(it) for name, it in self.templates[stack].find_resources(resource_type).items()}

    def outputs(self, stack: str) -> set[str]:
        """Names of the outputs for people."""
        return {name for name in self.templates[stack].find_outputs("*") if not name.startswith("PublishOutput")}

    def references(self, stack: str) -> set[str]:
        """Stacks that the template of a stack reads outputs of."""
        text = json.dumps(self.templates[stack].to_json())
        return {name for name in self.templates if f'"StackName": "{name}"' in text}


@cache
def made(lifecycle: Lifecycle = Lifecycle.DESTROY, *, copy_region: str | None = None, dump: bool = True) -> DataStacks:
    app = new_app(cdk_context())
    workload = replace(workload_options(BASE, LOCAL), lifecycle=lifecycle)
    network = NetworkStack(
        app, "Network", config=BASE.network, log_retention=workload.log_retention, lifecycle=BASE.lifecycle
    )
    topic = AlarmsStack(app, "Alarms").topic
    vpc = network.vpc
    database = DatabaseStack(
        app,
        "Database",
        props=DatabaseProps(
            vpc=vpc,
            databases=DATABASES,
            users=dict.fromkeys(DATABASES, ("web", "dump")),
            lifecycle=lifecycle,
            workload=workload,
            alarm_topic=topic,
            copy_region=copy_region,
        ),
    )
    cache_ = CacheStack(
        app, "Cache", props=CacheProps(vpc=vpc, config=CacheConfig(), workload=workload, alarm_topic=topic)
    )
    broker = BrokerStack(
        app, "Broker", props=BrokerProps(vpc=vpc, config=BrokerConfig(), workload=workload, alarm_topic=topic)
    )
    search = SearchStack(
        app, "Search", props=SearchProps(vpc=vpc, config=SearchConfig(), workload=workload, alarm_topic=topic)
    )
    storage = StorageStack(app, "Storage", props=StorageProps(config=BUCKETS, workload=workload))
    resources = Resources(
        databases=database.databases,
        cache=cache_.cache,
        broker=broker.broker,
        search=search.search,
        buckets=storage.buckets,
    )
    backup = BackupStack(
        app,
        "Backup",
        props=BackupProps(
            vpc=vpc,
            config=BackupConfig(copy_region=copy_region, dump=DUMP if dump else None),
            resources=resources,
            workload=workload,
            alarm_topic=topic,
        ),
    )
    stacks = [stack for stack in app.node.children if isinstance(stack, GroundworkStack)]
    shown = (database, cache_, broker, search, backup)
    return DataStacks(
        templates={stack.node.id: assertions.Template.from_stack(stack) for stack in stacks},
        graphs={stack.node.id: stack.graphs for stack in shown},
        resources=resources,
    )


def test_each_database_is_an_island() -> None:
    """One that shares its secret, group or parameters with another is reached by who reaches the other."""
    stack = made()
    servers = {
        **stack.found("Database", "AWS::RDS::DBCluster"),
        **{
            name: found
            for name, found in stack.found("Database", "AWS::RDS::DBInstance").items()
            if "DBClusterIdentifier" not in found["Properties"]
        },
    }
    assert len(servers) == len(DATABASES)
    groups = [
        json.dumps(found["Properties"].get("VpcSecurityGroupIds") or found["Properties"]["VPCSecurityGroups"])
        for found in servers.values()
    ]
    assert len(set(groups)) == len(DATABASES)
    parameters = [
        json.dumps(
            found["Properties"].get("DBParameterGroupName") or found["Properties"]["DBClusterParameterGroupName"]
        )
        for found in servers.values()
    ]
    assert len(set(parameters)) == len(DATABASES)
    assert all(found["Properties"]["ManageMasterUserPassword"] for found in servers.values())
    secrets = {json.dumps(cdk.Stack().resolve(each.master_secret.secret_arn)) for each in databases().values()}
    assert len(secrets) == len(DATABASES)


def databases() -> Mapping[str, Database]:
    return made().resources.databases


def test_a_database_is_known_by_its_key_with_its_own_name_and_schema() -> None:
    assert {key: (each.name, each.schema, each.port) for key, each in databases().items()} == {
        "order-items": ("items", "pages", 5432),
        "carts": ("carts", "pages", 5432),
        "users": ("people", "tickets", 5432),
        "tickets": ("tickets", "tickets", 5432),
    }


def test_each_database_is_migrated_to_its_schema_by_a_function_of_its_own() -> None:
    """A shared one would need the secrets of all."""
    stack = made()
    runs = stack.found("Database", "Custom::DatabaseMigrations")
    assert {name[: name.index("Migrations")]: run["Properties"]["Schema"] for name, run in runs.items()} == {
        "OrderItems": "pages",
        "Carts": "pages",
        "Users": "tickets",
        "Tickets": "tickets",
    }
    assert len({json.dumps(run["Properties"]["ServiceToken"]) for run in runs.values()}) == len(DATABASES)


def test_alarms_follow_the_kind_of_database() -> None:
    """One for a cluster, which cannot fill up; two for each instance."""
    assert len(made().found("Database", "AWS::CloudWatch::Alarm")) == 2 * 1 + 2 * 2


def test_only_instances_copy_their_backups_by_themselves() -> None:
    """Aurora cannot; its recovery points are copied by the backup plan."""
    instances = made(copy_region="us-west-2").found("Database", "AWS::RDS::DBInstance").values()
    copied = {
        found["Properties"].get("DBName", "of the cluster"): found["Properties"].get("AutomaticBackupReplicationRegion")
        for found in instances
    }
    assert copied == {"of the cluster": None, "people": "us-west-2", "tickets": "us-west-2"}


@pytest.mark.parametrize(
    ("stack", "outputs"),
    [
        (
            "Database",
            {
                f"{name}{what}"
                for name in ("OrderItems", "Carts", "Users", "Tickets")
                for what in (
                    "DatabaseEndpoint",
                    "DatabaseSecretArn",
                    "DatabaseName",
                    "DatabaseUsers",
                    "MigrationsFunctionName",
                )
            },
        ),
        ("Cache", {"CacheEndpoint", "CacheSecretArn"}),
        ("Broker", {"BrokerUrl", "BrokerSecretArn"}),
        ("Search", {"SearchUrl", "SearchSecretArn"}),
        ("Storage", {"OrderPapersBucketName", "BackupsBucketName"}),
        ("Backup", {"BackupVaultName", "DumpFunctionName"}),
    ],
)
def test_people_are_told_where_things_are(stack: str, outputs: set[str]) -> None:
    assert made().outputs(stack) == outputs


@pytest.mark.parametrize(
    ("stack", "needed"),
    [
        ("Database", {"Network", "Alarms"}),
        ("Cache", {"Network", "Alarms"}),
        ("Broker", {"Network", "Alarms"}),
        ("Search", {"Network", "Alarms"}),
        ("Storage", set()),
        ("Backup", {"Network", "Alarms", "Database", "Storage"}),
    ],
)
def test_a_stack_needs_no_more_than_it_must(stack: str, needed: set[str]) -> None:
    """Each further one is a stack that has to be deployed before it, and changed with it."""
    assert made().references(stack) == needed


def test_every_database_is_backed_up() -> None:
    (selection,) = made().found("Backup", "AWS::Backup::BackupSelection").values()
    resources = selection["Properties"]["BackupSelection"]["Resources"]
    assert len({json.dumps(each) for each in resources}) == len(DATABASES)
    for arn in resources:
        assert "GetStackOutput" in json.dumps(arn)
        assert "Database" in json.dumps(arn)


def test_without_a_dump_there_is_no_function() -> None:
    stack = made(dump=False)
    assert stack.found("Backup", "AWS::Lambda::Function") == {}
    assert stack.outputs("Backup") == {"BackupVaultName"}


def test_the_function_that_empties_buckets_ends_its_logs() -> None:
    """Lambda's own log group would outlive the bucket, for ever."""
    stack = made()
    (function,) = stack.found("Storage", "AWS::Lambda::Function").values()
    ((name, group),) = stack.found("Storage", "AWS::Logs::LogGroup").items()
    assert function["Properties"]["LoggingConfig"] == {"LogGroup": {"Ref": name}}
    assert group["Properties"]["RetentionInDays"] == BASE.log_retention_days


@pytest.mark.parametrize("lifecycle", [Lifecycle.SNAPSHOT, Lifecycle.RETAIN])
def test_protected_buckets_are_emptied_by_nobody(lifecycle: Lifecycle) -> None:
    assert made(lifecycle).found("Storage", "AWS::Lambda::Function") == {}


def test_each_stack_shows_itself() -> None:
    graphs = made().graphs
    assert {stack: len(shown) for stack, shown in graphs.items()} == {
        "Database": 4 * 4,
        "Cache": 3,
        "Broker": 3,
        "Search": 3,
        "Backup": 3,
    }
    for stack, shown in graphs.items():
        assert all(graph.metrics for graph in shown), stack
        titles = [graph.title for graph in shown]
        assert len(set(titles)) == len(titles), stack
