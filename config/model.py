"""The configuration tree of one system in one environment.

Numbers carry their unit in their name. A range on a field is the one the product supports; where AWS's own range is
wider, the narrower one comes from the reference architectures. Rules between fields stand in `config.rules`.
"""

from typing import Literal

from pydantic import Field

from config.authentication import AuthenticationConfig, TokensConfig
from config.compute import Channel, ChannelsConfig, ServiceConfig, Uses, WorkerConfig
from config.cost import CostConfig, TrafficConfig
from config.data import (
    AuroraConfig,
    BrokerConfig,
    BucketConfig,
    CacheConfig,
    DatabaseConfig,
    InstanceConfig,
    QueueConfig,
    SearchConfig,
    StorageConfig,
)
from config.deploy_access import DeployAccessConfig
from config.firewall import FirewallConfig
from config.network import FixedResponse, HostedZone, LoadBalancerConfig, Nat, NetworkConfig, Route, SubnetBlocks
from config.operations import BackupConfig, DumpConfig, MonitoringConfig, PrometheusConfig, WorkingHours
from config.section import (
    AccountId,
    Key,
    Lifecycle,
    LogRetentionDays,
    PolicyName,
    RegionName,
    Section,
    TagKey,
    TagValue,
    Without,
)
from config.traffic_logs import AccessLogsConfig, FlowLogsConfig

__all__ = [
    "AccessLogsConfig",
    "AuroraConfig",
    "AuthenticationConfig",
    "BackupConfig",
    "BrokerConfig",
    "BucketConfig",
    "CacheConfig",
    "Channel",
    "ChannelsConfig",
    "CostConfig",
    "DatabaseConfig",
    "DeployAccessConfig",
    "DumpConfig",
    "FirewallConfig",
    "FixedResponse",
    "FlowLogsConfig",
    "HostedZone",
    "InstanceConfig",
    "Lifecycle",
    "LoadBalancerConfig",
    "MonitoringConfig",
    "Nat",
    "NetworkConfig",
    "PrometheusConfig",
    "QueueConfig",
    "Route",
    "SearchConfig",
    "Section",
    "ServiceConfig",
    "StorageConfig",
    "SubnetBlocks",
    "SystemConfig",
    "TokensConfig",
    "TrafficConfig",
    "Uses",
    "Without",
    "WorkerConfig",
    "WorkingHours",
]


class SystemConfig(Section):
    """A whole system in one environment. A part that is None has no stack."""

    system: str = Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")
    """Name of the system; part of every stack's name."""
    environment: str = Field(pattern=r"^[a-z][a-z0-9-]{1,15}$")
    """Name of the environment; part of every stack's name, and `APP_ENV` of the workload."""
    account: AccountId | None = None
    """The AWS account it belongs in; None lets it be deployed to whichever the CLI is signed in to."""
    region: RegionName | None = None
    """The region it belongs in; None lets it be deployed to whichever the CLI is set to."""
    owner: TagValue
    """Who answers for it; a tag on every resource."""
    cost_center: TagValue
    """Who pays for it; a tag on every resource."""
    tags: dict[TagKey, TagValue] = Field(default={}, max_length=40)
    """Further tags of every resource."""
    working_hours: WorkingHours | None = None
    """When it is worked with; outside, services run with their `night_tasks`. None is always."""
    lifecycle: Lifecycle
    """What becomes of data when its stack is deleted."""
    customer_keys: bool = False
    """Whether each stack encrypts what it holds by a customer key of its own, which its stack makes and KMS rotates.

    Where off, the key is AWS's: of the service (SQS, S3, logs, OpenSearch, RabbitMQ, ElastiCache) or managed by AWS in
    the account (`aws/rds`, `aws/secretsmanager`, `aws/backup`); the alarm topic has a key of its own in any case. A key
    costs 1 USD a month. Turning it on or off replaces databases, the cache, the search domain and the backup vault,
    whose key can be set at creation only: `make changes` says so, and `make deploy` stops before it. RabbitMQ takes no
    customer key."""
    permissions_boundary: PolicyName | None = None
    """Managed policy, by name or ARN, that every role gets as its permissions boundary; None sets none."""
    bootstrap_qualifier: str = Field(default="hnb659fds", pattern=r"^[a-z0-9]{1,10}$")
    """Qualifier of the bootstrap whose bucket, image repository and roles deploy it; the default is the CDK's own."""
    deploy_access: DeployAccessConfig | None = None
    """The role by which GitHub's workflows deploy without a long-lived key; None makes none."""
    log_retention_days: LogRetentionDays = 30
    """Days CloudWatch keeps logs."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least severity the workload logs."""
    network: NetworkConfig
    """The VPC of everything."""
    databases: dict[Key, DatabaseConfig] = Field(default={}, max_length=20)
    """Databases by the name that services use them under."""
    queue: QueueConfig | None = None
    """The queue that services send to and the worker works off."""
    cache: CacheConfig | None = None
    """The cache of all services that use one."""
    broker: BrokerConfig | None = None
    """The message broker of all services that use one."""
    search: SearchConfig | None = None
    """The search domain of all services that use one."""
    storage: StorageConfig | None = None
    """The buckets."""
    load_balancer: LoadBalancerConfig | None = None
    """What the internet reaches; None where no service has a route."""
    services: dict[Key, ServiceConfig] = Field(min_length=1)
    """Services by name; the name is part of construct ids, logs and metrics."""
    worker: WorkerConfig | None = None
    """The function that works off the queue."""
    channels: ChannelsConfig | None = None
    """The ways out to recipients, by e-mail and others."""
    backup: BackupConfig | None = None
    """A daily plan beside the databases' own backups; None leaves it at those."""
    monitoring: MonitoringConfig | Without
    """Alarms and dashboard, or the reason to do without."""
    cost: CostConfig | Without
    """Budget and the use it is reckoned with, or the reason to do without."""

    @property
    def databases_with_keys(self) -> tuple[str, ...]:
        """Databases, by name, that hold the API keys of a service."""
        found = {
            service.uses.database: None
            for service in self.services.values()
            if isinstance(service.authentication, AuthenticationConfig) and service.authentication.api_keys
        }
        return tuple(name for name in found if name is not None)

    @property
    def visibility_timeout_seconds(self) -> int:
        """Visibility timeout of the queue: what its configuration says, else the least that the worker needs.

        Raises:
            ValueError: there is no worker to derive it from.
        """
        given = self.queue.visibility_timeout_seconds if self.queue is not None else None
        return self.least_visibility_timeout_seconds if given is None else given

    @property
    def least_visibility_timeout_seconds(self) -> int:
        """Visibility timeout the queue needs.

        Six function timeouts plus the batch window: Lambda's own guidance, so that a throttled batch is not received
        again while it is still being retried.
        https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html

        Raises:
            ValueError: there is no worker to derive it from.
        """
        if self.worker is None:
            message = "without a worker there is no visibility timeout"
            raise ValueError(message)
        return 6 * self.worker.timeout_seconds + self.worker.batch_window_seconds

    @property
    def oldest_message_alarm_seconds(self) -> int:
        """Age from which on a waiting message means that delivery is stuck: more than every retry can explain.

        Raises:
            ValueError: there is no queue.
        """
        if self.queue is None:
            message = "without a queue no message waits"
            raise ValueError(message)
        return (self.queue.max_receive_count + 1) * self.visibility_timeout_seconds
