"""The Backup stack."""

from dataclasses import dataclass
from typing import Unpack

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.model import BackupConfig
from constructs_lib.access import Resources
from constructs_lib.backup_plan import DailyBackups
from constructs_lib.dump_function import DumpFunction
from constructs_lib.graphs import Graph
from constructs_lib.workload import WorkloadOptions
from stacks.base import GroundworkStack, StackOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class BackupProps:
    """What the Backup stack is made from."""

    vpc: ec2.IVpc
    """The VPC with private subnets for the function that dumps."""
    config: BackupConfig
    """When, for how long, where to, and what is dumped besides."""
    resources: Resources
    """The databases to back up, and the bucket to dump into."""
    workload: WorkloadOptions
    """Options of the function that dumps."""
    alarm_topic: sns.ITopic | None
    """Where alarms go; None makes none."""


class BackupStack(GroundworkStack):
    """The vault and the plan that fills it, and the function that dumps.

    A stack of its own because it protects what others hold: recovery points must survive the deletion of the stack they
    were taken from, and a change to the plan must not touch a database.
    """

    def __init__(self, scope: Construct, id_: str, *, props: BackupProps, **options: Unpack[StackOptions]) -> None:
        super().__init__(scope, id_, **options)
        daily = DailyBackups(
            self,
            "Backups",
            config=props.config,
            resource_arns=[database.arn for database in props.resources.databases.values()],
            keys=[key for database in props.resources.databases.values() if (key := database.key) is not None],
            lifecycle=props.workload.lifecycle,
            alarm_topic=props.alarm_topic,
        )
        self.graphs: tuple[Graph, ...] = daily.graphs
        self.output("BackupVaultName", daily.vault.backup_vault_name, "Where recovery points are kept")
        if props.config.dump is not None:
            dump = DumpFunction(
                self,
                "Dump",
                vpc=props.vpc,
                config=props.config.dump,
                resources=props.resources,
                options=props.workload,
                alarm_topic=props.alarm_topic,
            )
            self.graphs += dump.graphs
            self.output("DumpFunctionName", dump.function.function_name, "The function that dumps")
