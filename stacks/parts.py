"""Makes each stack of a system from its part of the configuration and from what lower stacks offer.

A function returns None where the configuration leaves its part out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_sns as sns

from config.database_users import database_users
from config.model import MonitoringConfig, SystemConfig
from constructs_lib.access import Resources
from constructs_lib.endpoints import endpoints_needed
from constructs_lib.graphs import Graph
from constructs_lib.lifecycle import is_protected
from constructs_lib.network import Inside
from constructs_lib.permissions import permissions_boundary
from constructs_lib.workload import WorkloadOptions
from stacks.alarms import AlarmsStack
from stacks.api import ApiProps, ApiStack
from stacks.backup import BackupProps, BackupStack
from stacks.base import StackOptions
from stacks.broker import BrokerProps, BrokerStack
from stacks.cache import CacheProps, CacheStack
from stacks.database import DatabaseProps, DatabaseStack
from stacks.deploy_access import DeployAccessStack
from stacks.monitoring import MonitoringProps, MonitoringStack
from stacks.network import NetworkStack
from stacks.queue import QueueProps, QueueStack
from stacks.search import SearchProps, SearchStack
from stacks.storage import StorageProps, StorageStack
from stacks.worker import WorkerProps, WorkerStack


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """Where stacks are made, and what all of them are made with."""

    app: cdk.App
    config: SystemConfig
    workload: WorkloadOptions
    env: cdk.Environment | None
    """Account and region; None makes templates that fit any."""

    def around(self, inside: Inside) -> "Site":
        """Return the same site for all code that runs in a network."""
        return replace(self, workload=replace(self.workload, inside=inside))

    def options(self, domain: str, description: str) -> StackOptions:
        """Return the options of the stack of a domain."""
        config = self.config
        given = StackOptions(
            stack_name=f"{config.system}-{config.environment}-{domain}",
            description=f"{config.system} {config.environment}: {description}",
            termination_protection=is_protected(config.lifecycle),
            synthesizer=cdk.DefaultStackSynthesizer(qualifier=config.bootstrap_qualifier),
            customer_keys=config.lifecycle if config.customer_keys else None,
        )
        if config.permissions_boundary is not None:
            given["permissions_boundary"] = permissions_boundary(config.permissions_boundary)
        if self.env is not None:
            given["env"] = self.env
        return given


def network(site: Site) -> NetworkStack:
    """Make the VPC."""
    return NetworkStack(
        site.app,
        "Network",
        config=site.config.network,
        log_retention=site.workload.log_retention,
        lifecycle=site.config.lifecycle,
        endpoints=endpoints_needed(site.config),
        **site.options("network", "VPC and subnets"),
    )


def alarms(site: Site) -> AlarmsStack | None:
    """Make the topic of all alarms."""
    if not isinstance(site.config.monitoring, MonitoringConfig):
        return None
    return AlarmsStack(site.app, "Alarms", **site.options("alarms", "the topic alarms notify"))


def deploy_access(site: Site) -> DeployAccessStack | None:
    """Make the role by which GitHub's workflows deploy."""
    if site.config.deploy_access is None:
        return None
    return DeployAccessStack(
        site.app,
        "DeployAccess",
        config=site.config.deploy_access,
        environment=site.config.environment,
        bootstrap_qualifier=site.config.bootstrap_qualifier,
        **site.options("deploy-access", "who deploys from GitHub"),
    )


def queue(site: Site, topic: sns.ITopic | None) -> QueueStack | None:
    """Make the queue."""
    if site.config.queue is None:
        return None
    return QueueStack(
        site.app,
        "Queue",
        props=QueueProps(
            config=site.config.queue,
            visibility_timeout_seconds=site.config.visibility_timeout_seconds,
            oldest_message_alarm_seconds=site.config.oldest_message_alarm_seconds,
            lifecycle=site.config.lifecycle,
            alarm_topic=topic,
        ),
        **site.options("queue", "queue and dead-letter queue"),
    )


def database(site: Site, vpc: ec2.IVpc, topic: sns.ITopic | None) -> DatabaseStack | None:
    """Make the databases with their schemas."""
    config = site.config
    if not config.databases:
        return None
    return DatabaseStack(
        site.app,
        "Database",
        props=DatabaseProps(
            vpc=vpc,
            databases=config.databases,
            users={key: database_users(config, key) for key in config.databases},
            lifecycle=config.lifecycle,
            workload=site.workload,
            alarm_topic=topic,
            copy_region=config.backup.copy_region if config.backup else None,
        ),
        **site.options("database", "PostgreSQL and its schemas"),
    )


def cache(site: Site, vpc: ec2.IVpc, topic: sns.ITopic | None) -> CacheStack | None:
    """Make the cache."""
    if site.config.cache is None:
        return None
    return CacheStack(
        site.app,
        "Cache",
        props=CacheProps(vpc=vpc, config=site.config.cache, workload=site.workload, alarm_topic=topic),
        **site.options("cache", f"{site.config.cache.engine} cache"),
    )


def broker(site: Site, vpc: ec2.IVpc, topic: sns.ITopic | None) -> BrokerStack | None:
    """Make the broker."""
    if site.config.broker is None:
        return None
    return BrokerStack(
        site.app,
        "Broker",
        props=BrokerProps(vpc=vpc, config=site.config.broker, workload=site.workload, alarm_topic=topic),
        **site.options("broker", "RabbitMQ broker"),
    )


def search(site: Site, vpc: ec2.IVpc, topic: sns.ITopic | None) -> SearchStack | None:
    """Make the search domain."""
    if site.config.search is None:
        return None
    return SearchStack(
        site.app,
        "Search",
        props=SearchProps(vpc=vpc, config=site.config.search, workload=site.workload, alarm_topic=topic),
        **site.options("search", "OpenSearch domain"),
    )


def storage(site: Site) -> StorageStack | None:
    """Make the buckets."""
    if site.config.storage is None:
        return None
    return StorageStack(
        site.app,
        "Storage",
        props=StorageProps(config=site.config.storage, workload=site.workload),
        **site.options("storage", "buckets"),
    )


def api(site: Site, vpc: ec2.IVpc, resources: Resources, topic: sns.ITopic | None) -> ApiStack:
    """Make the services and their load balancer."""
    config = site.config
    return ApiStack(
        site.app,
        "Api",
        props=ApiProps(
            vpc=vpc,
            resources=resources,
            services=config.services,
            load_balancer=config.load_balancer,
            databases_with_keys=config.databases_with_keys,
            channels=config.channels,
            alarm_topic=topic,
            container_insights=isinstance(config.monitoring, MonitoringConfig) and config.monitoring.container_insights,
            workload=site.workload,
        ),
        **site.options("api", "services on Fargate"),
    )


def worker(site: Site, vpc: ec2.IVpc, resources: Resources, topic: sns.ITopic | None) -> WorkerStack | None:
    """Make the function that works off the queue."""
    if site.config.worker is None or resources.queue is None:
        return None
    return WorkerStack(
        site.app,
        "Worker",
        props=WorkerProps(
            vpc=vpc,
            queue=resources.queue,
            resources=resources,
            config=site.config.worker,
            channels=site.config.channels,
            alarm_topic=topic,
            workload=site.workload,
        ),
        **site.options("worker", "delivery by Lambda"),
    )


def backup(site: Site, vpc: ec2.IVpc, resources: Resources, topic: sns.ITopic | None) -> BackupStack | None:
    """Make the backup plan and the dump function."""
    if site.config.backup is None:
        return None
    return BackupStack(
        site.app,
        "Backup",
        props=BackupProps(
            vpc=vpc,
            config=site.config.backup,
            resources=resources,
            workload=site.workload,
            alarm_topic=topic,
        ),
        **site.options("backup", "backup plan and dumps"),
    )


def monitoring(site: Site, api_stack: ApiStack, sections: Mapping[str, Sequence[Graph]]) -> MonitoringStack | None:
    """Make the dashboard and Prometheus, where either is asked for."""
    config = site.config.monitoring
    if not isinstance(config, MonitoringConfig) or not (config.dashboard or config.prometheus):
        return None
    return MonitoringStack(
        site.app,
        "Monitoring",
        props=MonitoringProps(config=config, sections=sections, watched=api_stack.watched, workload=site.workload),
        **site.options("monitoring", "dashboard and metrics"),
    )
