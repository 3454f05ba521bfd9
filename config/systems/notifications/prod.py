"""notifications, production: survives the loss of a zone, and keeps its data whatever is deleted."""

from config.model import (
    AccessLogsConfig,
    AuroraConfig,
    AuthenticationConfig,
    ChannelsConfig,
    CostConfig,
    FirewallConfig,
    FlowLogsConfig,
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


def prod() -> SystemConfig:
    """Return the production environment."""
    return SystemConfig(
        system=SYSTEM,
        environment="prod",
        owner=OWNER,
        cost_center=COST_CENTER,
        lifecycle=Lifecycle.RETAIN,
        customer_keys=True,
        network=NetworkConfig(cidr="10.0.0.0/16", zones=3, nat=Nat.GATEWAY_PER_ZONE, flow_logs=FlowLogsConfig()),
        databases={
            "notifications": AuroraConfig(
                name=DATABASE_NAME,
                schema_name=SCHEMA_NAME,
                engine_version=POSTGRES_VERSION,
                min_acu=1,
                max_acu=8,
                readers=1,
                backup_retention_days=14,
            )
        },
        queue=QueueConfig(depth_alarm_messages=10_000),
        load_balancer=LoadBalancerConfig(access_logs=AccessLogsConfig(), firewall=FirewallConfig()),
        services={
            "api": ServiceConfig(
                program="api",
                uses=API_USES,
                route=Route(),
                authentication=AuthenticationConfig(requests_per_minute_per_key=6000),
                cpu_units=1024,
                memory_mib=2048,
                min_tasks=2,
                max_tasks=10,
            )
        },
        worker=WorkerConfig(
            uses=WORKER_USES, memory_mib=1024, timeout_seconds=60, reserved_concurrency=50, sweep_minutes=1
        ),
        channels=ChannelsConfig(email_sender=EMAIL_SENDER),
        monitoring=MonitoringConfig(),
        cost=CostConfig(
            monthly_budget_usd=500,
            traffic=TrafficConfig(
                requests_per_month=1_500_000,
                messages_per_month=1_000_000,
                messages_per_invocation=5,
                function_seconds=1.5,
                out_gib_per_month=30,
                nat_gib_per_month=30,
                log_gib_per_month=15,
                custom_metrics=7,
                autoscaling_share=0.05,
                database_acu=1.2,
                database_gib=20,
                database_ios_per_month=30_000_000,
            ),
        ),
    )
