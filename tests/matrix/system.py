"""A system that has everything a system may have, in each kind of environment."""

from collections.abc import Mapping

from config.model import (
    AuroraConfig,
    AuthenticationConfig,
    BackupConfig,
    BrokerConfig,
    BucketConfig,
    CacheConfig,
    ChannelsConfig,
    CostConfig,
    DeployAccessConfig,
    DumpConfig,
    InstanceConfig,
    Lifecycle,
    LoadBalancerConfig,
    MonitoringConfig,
    Nat,
    NetworkConfig,
    PrometheusConfig,
    QueueConfig,
    Route,
    SearchConfig,
    ServiceConfig,
    StorageConfig,
    SystemConfig,
    TrafficConfig,
    Uses,
    WorkerConfig,
)

KINDS: Mapping[str, Lifecycle] = {
    "dev": Lifecycle.DESTROY,
    "staging": Lifecycle.SNAPSHOT,
    "prod": Lifecycle.RETAIN,
}
"""Environments by name: what makes them differ in kind is what becomes of their data."""


def everything(kind: str) -> SystemConfig:
    """Return a system with every part, large enough for whatever its options make of it."""
    return SystemConfig(
        system="matrix",
        environment=kind,
        owner="platform",
        cost_center="matrix",
        lifecycle=KINDS[kind],
        deploy_access=DeployAccessConfig(repository="acme/matrix"),
        network=NetworkConfig(cidr="10.0.0.0/16", zones=3, nat=Nat.GATEWAY),
        databases={
            "main": AuroraConfig(
                name="main",
                schema_name="notifications",
                engine_version="18.4",
                min_acu=1,
                max_acu=16,
                backup_retention_days=7,
            ),
            "side": InstanceConfig(name="side", schema_name="planning", engine_version="18.3", backup_retention_days=7),
        },
        queue=QueueConfig(depth_alarm_messages=1000),
        cache=CacheConfig(),
        broker=BrokerConfig(),
        search=SearchConfig(),
        storage=StorageConfig(buckets={"media": BucketConfig(), "dumps": BucketConfig()}),
        load_balancer=LoadBalancerConfig(),
        services={"api": _api(), "single": _single()},
        worker=WorkerConfig(uses=Uses(database="main"), memory_mib=512, timeout_seconds=60, reserved_concurrency=5),
        channels=ChannelsConfig(email_sender="notifications@example.com"),
        backup=BackupConfig(retention_days=7, dump=DumpConfig(database="side", bucket="dumps")),
        monitoring=MonitoringConfig(prometheus=PrometheusConfig(kind="managed")),
        cost=CostConfig(
            monthly_budget_usd=5000,
            traffic=TrafficConfig(requests_per_month=1, out_gib_per_month=1, nat_gib_per_month=1, log_gib_per_month=1),
        ),
    )


def _api() -> ServiceConfig:
    return ServiceConfig(
        program="api",
        uses=Uses(database="main"),
        route=Route(),
        authentication=AuthenticationConfig(),
        cpu_units=256,
        memory_mib=512,
        min_tasks=1,
        max_tasks=3,
        database_pool_size=5,
    )


def _single() -> ServiceConfig:
    """Return a service behind no load balancer, of which there is one task."""
    return ServiceConfig(
        program="planning.scheduler",
        uses=Uses(database="side"),
        cpu_units=256,
        memory_mib=512,
        min_tasks=1,
        max_tasks=1,
        database_pool_size=2,
    )
