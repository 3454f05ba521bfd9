"""The Worker stack."""

from dataclasses import dataclass
from typing import Unpack

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.database_users import OPERATIONS, SWEEPER, WORKER
from config.model import ChannelsConfig, Uses, WorkerConfig
from constructs_lib.access import Access, Queue, Resources
from constructs_lib.channels import Channels
from constructs_lib.graphs import Graph
from constructs_lib.outbox_sweeper import OutboxSweeper
from constructs_lib.queue_worker import QueueWorker
from constructs_lib.replay_function import ReplayFunction
from constructs_lib.workload import WorkloadOptions
from stacks.base import GroundworkStack, StackOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerProps:
    """What the Worker stack is made from."""

    vpc: ec2.IVpc
    """The VPC with private subnets for the function."""
    queue: Queue
    """Where messages come from."""
    resources: Resources
    """What there is to use."""
    config: WorkerConfig
    """What it uses; size, timeout, concurrency and batches."""
    channels: ChannelsConfig | None
    """The ways out to the recipients; None where it uses none."""
    alarm_topic: sns.ITopic | None
    """Where alarms go; None makes none."""
    workload: WorkloadOptions
    """Options of the code that runs."""


class WorkerStack(GroundworkStack):
    """The function that delivers notifications, and those that queue what the API could not, and what failed.

    A stack of its own because it is deployed often, alone, beside Api; while it is away, messages wait.
    """

    def __init__(self, scope: Construct, id_: str, *, props: WorkerProps, **options: Unpack[StackOptions]) -> None:
        super().__init__(scope, id_, **options)
        uses, workload = props.config.uses, props.workload
        channels = None
        if props.channels is not None:
            channels = Channels(
                self, "Channels", config=props.channels, used=uses.channels, lifecycle=workload.lifecycle
            )
        worker = QueueWorker(
            self,
            "Worker",
            handler_folder="notifications",
            description="Delivers notifications",
            vpc=props.vpc,
            queue=props.queue,
            config=props.config,
            options=workload,
            access=Access(uses, props.resources, workload.provider, channels, user=WORKER),
            alarm_topic=props.alarm_topic,
        )
        self.graphs: tuple[Graph, ...] = worker.graphs
        outbox = Uses(database=uses.database, queue=True)
        if props.config.sweep_minutes is not None:
            sweeper = OutboxSweeper(
                self,
                "Outbox",
                vpc=props.vpc,
                minutes=props.config.sweep_minutes,
                access=Access(outbox, props.resources, workload.provider, user=SWEEPER),
                options=workload,
                alarm_topic=props.alarm_topic,
            )
            self.graphs += sweeper.graphs
        self.output("FunctionName", worker.function.function_name, "The function that delivers")
        if uses.database is not None:
            replay = ReplayFunction(
                self,
                "Replay",
                vpc=props.vpc,
                queue=props.queue,
                other_producers=props.config.other_producers,
                access=Access(outbox, props.resources, workload.provider, user=OPERATIONS),
                options=workload,
            ).function
            self.output("ReplayFunctionName", replay.function_name, "The function that sends again what failed")
        if channels is not None and channels.telegram_secret is not None:
            self.output("TelegramSecretArn", channels.telegram_secret.secret_arn, "Put the Telegram bot's token here")
