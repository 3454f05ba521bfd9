"""notifications, staging: the shape of prod at a smaller size, its data protected."""

from config.model import (
    AuroraConfig,
    AuthenticationConfig,
    ChannelsConfig,
    CostConfig,
    Lifecycle,
    LoadBalancerConfig,
    MonitoringConfig,
    Nat,
    NetworkConfig,
    QueueConfig,
    Route,
    ServiceConfig,
    SystemConfig,
    TrafficConfig,
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


def staging() -> SystemConfig:
    """Return the staging environment."""
    return SystemConfig(
        system=SYSTEM,
        environment="staging",
        owner=OWNER,
        cost_center=COST_CENTER,
        lifecycle=Lifecycle.SNAPSHOT,
        network=NetworkConfig(cidr="10.0.0.0/16", zones=2, nat=Nat.GATEWAY),
        databases={
            "notifications": AuroraConfig(
                name=DATABASE_NAME,
                schema_name=SCHEMA_NAME,
                engine_version=POSTGRES_VERSION,
                min_acu=0.5,
                max_acu=4,
                backup_retention_days=7,
            )
        },
        queue=QueueConfig(depth_alarm_messages=5000),
        load_balancer=LoadBalancerConfig(),
        services={
            "api": ServiceConfig(
                program="api",
                uses=API_USES,
                route=Route(),
                authentication=AuthenticationConfig(requests_per_minute_per_key=6000),
                cpu_units=1024,
                memory_mib=2048,
                min_tasks=1,
                max_tasks=5,
            )
        },
        worker=WorkerConfig(
            uses=WORKER_USES, memory_mib=512, timeout_seconds=60, reserved_concurrency=10, sweep_minutes=1
        ),
        channels=ChannelsConfig(email_sender=EMAIL_SENDER),
        monitoring=MonitoringConfig(),
        cost=CostConfig(
            monthly_budget_usd=200,
            traffic=TrafficConfig(
                requests_per_month=200_000,
                messages_per_month=100_000,
                messages_per_invocation=4,
                function_seconds=1.5,
                out_gib_per_month=5,
                nat_gib_per_month=10,
                log_gib_per_month=5,
                custom_metrics=7,
                autoscaling_share=0.05,
                database_acu=0.75,
                database_gib=5,
                database_ios_per_month=5_000_000,
            ),
        ),
    )
