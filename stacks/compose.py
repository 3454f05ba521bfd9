"""Puts the stacks of a system together."""

from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk

from config.model import SystemConfig
from constructs_lib.lifecycle import is_protected
from constructs_lib.providers import Provider
from constructs_lib.tags import tag_everything
from constructs_lib.workload import workload_options
from stacks.api import ApiProps, ApiStack
from stacks.base import StackOptions
from stacks.database import DatabaseProps, DatabaseStack
from stacks.network import NetworkStack
from stacks.queue import QueueProps, QueueStack
from stacks.worker import WorkerProps, WorkerStack

# Context key of the CDK: the stacks whose assets are bundled at synthesis.
BUNDLING_STACKS = "aws:cdk:bundling-stacks"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stacks:
    """All stacks of a system in one environment."""

    network: NetworkStack
    queue: QueueStack
    database: DatabaseStack
    api: ApiStack
    worker: WorkerStack


def new_app(context: Mapping[str, object] | None = None) -> cdk.App:
    """Return an empty app that bundles nothing in Docker.

    Functions are thin handlers and their layers are packaged beforehand, so there is nothing left to bundle. The CDK
    CLI asks for bundling at every synthesis; context given here comes after the CLI's.
    """
    return cdk.App(context=context, post_cli_context={BUNDLING_STACKS: []})


def build_app(app: cdk.App, config: SystemConfig, provider: Provider, env: cdk.Environment | None = None) -> Stacks:
    """Add the stacks of a system to an app.

    Args:
        app: made by `new_app`.
        config: a validated configuration.
        provider: where it is deployed to.
        env: account and region; left out, the templates fit any.
    """

    def options(domain: str, description: str) -> StackOptions:
        given = StackOptions(
            stack_name=f"{config.system}-{config.environment}-{domain}",
            description=f"{config.system} {config.environment}: {description}",
            termination_protection=is_protected(config.lifecycle),
        )
        if env is not None:
            given["env"] = env
        return given

    workload = workload_options(config, provider)
    network = NetworkStack(
        app,
        "Network",
        config=config.network,
        log_retention=workload.log_retention,
        **options("network", "VPC and subnets"),
    )
    queue = QueueStack(
        app,
        "Queue",
        props=QueueProps(
            config=config.queue,
            visibility_timeout_seconds=config.visibility_timeout_seconds,
            oldest_message_alarm_seconds=config.oldest_message_alarm_seconds,
            lifecycle=config.lifecycle,
        ),
        **options("queue", "queue, dead-letter queue and alarm topic"),
    )
    database = DatabaseStack(
        app,
        "Database",
        props=DatabaseProps(vpc=network.vpc, config=config.database, lifecycle=config.lifecycle, workload=workload),
        **options("database", "Aurora PostgreSQL and its schema"),
    )
    api = ApiStack(
        app,
        "Api",
        props=ApiProps(
            vpc=network.vpc,
            database=database.database,
            queue=queue.queue,
            config=config.api,
            workload=workload,
        ),
        **options("api", "HTTP API on Fargate"),
    )
    worker = WorkerStack(
        app,
        "Worker",
        props=WorkerProps(
            vpc=network.vpc,
            database=database.database,
            queue=queue.queue,
            alarm_topic=queue.alarm_topic,
            config=config.worker,
            channels=config.channels,
            workload=workload,
        ),
        **options("worker", "delivery by Lambda"),
    )
    tag_everything(app, config)
    return Stacks(network=network, queue=queue, database=database, api=api, worker=worker)
