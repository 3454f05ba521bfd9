"""The Worker stack."""

from dataclasses import dataclass
from typing import Unpack

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.model import ChannelsConfig, WorkerConfig
from constructs_lib.access import Database, Queue, allow_database, database_variables
from constructs_lib.channels import Channels
from constructs_lib.queue_worker import QueueWorker
from constructs_lib.workload import WorkloadOptions
from stacks.base import GroundworkStack, StackOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerProps:
    """What the Worker stack is made from."""

    vpc: ec2.IVpc
    """The VPC with private subnets for the function."""
    database: Database
    """Where outcomes are recorded."""
    queue: Queue
    """Where messages come from."""
    alarm_topic: sns.ITopic
    """Where alarms go."""
    config: WorkerConfig
    """Size, timeout, concurrency and batches."""
    channels: ChannelsConfig
    """The ways out to the recipients."""
    workload: WorkloadOptions
    """Options of the code that runs."""


class WorkerStack(GroundworkStack):
    """The function that delivers notifications.

    A stack of its own because it is deployed often, alone, beside Api; while it is away, messages wait.
    """

    def __init__(self, scope: Construct, id_: str, *, props: WorkerProps, **options: Unpack[StackOptions]) -> None:
        super().__init__(scope, id_, **options)
        channels = Channels(self, "Channels", config=props.channels, lifecycle=props.workload.lifecycle)
        worker = QueueWorker(
            self,
            "Worker",
            handler_folder="notifications",
            description="Delivers notifications",
            vpc=props.vpc,
            queue=props.queue,
            config=props.config,
            options=props.workload,
            variables={**database_variables(props.database, props.workload.provider), **channels.variables},
            alarm_topic=props.alarm_topic,
        )
        allow_database(worker.consumer, props.database)
        channels.allow(worker.function)
        self.output("FunctionName", worker.function.function_name, "The function that delivers")
        self.output("TelegramSecretArn", channels.telegram_secret.secret_arn, "Put the Telegram bot's token here")
