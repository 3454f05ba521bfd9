"""notifications, development: small, cheap while idle, made and thrown away at will."""

from config.model import (
    AuroraConfig,
    ChannelsConfig,
    Lifecycle,
    LoadBalancerConfig,
    MonitoringConfig,
    Nat,
    NetworkConfig,
    QueueConfig,
    Route,
    ServiceConfig,
    SystemConfig,
    WorkerConfig,
)
from config.systems.notifications.shared import (
    API_USES,
    COST_CENTER,
    DATABASE_NAME,
    EMAIL_SENDER,
    OWNER,
    POSTGRES_VERSION,
    SCHEMA_NAME,
    SYSTEM,
    WORKER_USES,
)


def dev() -> SystemConfig:
    """Return the development environment."""
    return SystemConfig(
        system=SYSTEM,
        environment="dev",
        owner=OWNER,
        cost_center=COST_CENTER,
        lifecycle=Lifecycle.DESTROY,
        log_level="DEBUG",
        network=NetworkConfig(cidr="10.0.0.0/16", zones=2, nat=Nat.INSTANCE),
        databases={
            "notifications": AuroraConfig(
                name=DATABASE_NAME,
                schema_name=SCHEMA_NAME,
                engine_version=POSTGRES_VERSION,
                min_acu=0,
                max_acu=2,
                auto_pause_minutes=10,
                backup_retention_days=1,
            )
        },
        queue=QueueConfig(depth_alarm_messages=1000),
        load_balancer=LoadBalancerConfig(),
        services={
            "api": ServiceConfig(
                program="api",
                uses=API_USES,
                route=Route(),
                cpu_units=512,
                memory_mib=1024,
                min_tasks=1,
                max_tasks=2,
            )
        },
        worker=WorkerConfig(uses=WORKER_USES, memory_mib=512, timeout_seconds=60, reserved_concurrency=5),
        channels=ChannelsConfig(email_sender=EMAIL_SENDER),
        monitoring=MonitoringConfig(),
    )
