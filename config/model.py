"""The configuration tree of one system in one environment.

Numbers carry their unit in their name. A range on a field is the one the product supports; where AWS's own range is
wider, the narrower one comes from the reference architectures. Rules between fields stand in `config.rules`.
"""

from typing import Literal

from pydantic import Field

from config.compute import Channel, ChannelsConfig, ServiceConfig, Uses, WorkerConfig
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
from config.network import FixedResponse, LoadBalancerConfig, Nat, NetworkConfig, Route, SubnetBlocks
from config.operations import BackupConfig, DumpConfig, MonitoringConfig, PrometheusConfig
from config.section import Key, Lifecycle, LogRetentionDays, Section, TagKey, TagValue, Without

__all__ = [
    "AuroraConfig",
    "BackupConfig",
    "BrokerConfig",
    "BucketConfig",
    "CacheConfig",
    "Channel",
    "ChannelsConfig",
    "DatabaseConfig",
    "DumpConfig",
    "FixedResponse",
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
    "Uses",
    "Without",
    "WorkerConfig",
]


class SystemConfig(Section):
    """A whole system in one environment. A part that is None has no stack."""

    system: str = Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")
    """Name of the system; part of every stack's name."""
    environment: str = Field(pattern=r"^[a-z][a-z0-9-]{1,15}$")
    """Name of the environment; part of every stack's name, and `APP_ENV` of the workload."""
    owner: TagValue
    """Who answers for it; a tag on every resource."""
    cost_center: TagValue
    """Who pays for it; a tag on every resource."""
    tags: dict[TagKey, TagValue] = Field(default={}, max_length=40)
    """Further tags of every resource."""
    lifecycle: Lifecycle
    """What becomes of data when its stack is deleted."""
    log_retention_days: LogRetentionDays = 30
    """Days CloudWatch keeps logs."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least severity the workload logs."""
    network: NetworkConfig
    databases: dict[Key, DatabaseConfig] = Field(default={}, max_length=20)
    """Databases by the name that services use them under."""
    queue: QueueConfig | None = None
    cache: CacheConfig | None = None
    broker: BrokerConfig | None = None
    search: SearchConfig | None = None
    storage: StorageConfig | None = None
    load_balancer: LoadBalancerConfig | None = None
    services: dict[Key, ServiceConfig] = Field(min_length=1)
    """Services by name; the name is part of construct ids, logs and metrics."""
    worker: WorkerConfig | None = None
    """The function that works off the queue."""
    channels: ChannelsConfig | None = None
    backup: BackupConfig | None = None
    monitoring: MonitoringConfig | Without
    """Alarms and dashboard, or the reason to do without."""

    @property
    def visibility_timeout_seconds(self) -> int:
        """Visibility timeout the queue needs.

        Six function timeouts plus the batch window: Lambda's own guidance, so that a throttled batch is not received
        again while it is still being retried.

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
