"""notifications, development: small, cheap while idle, made and thrown away at will."""

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
    WorkingHours,
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
        # At night nothing asks the database, which then pauses.
        working_hours=WorkingHours(start="09:00", end="17:00", time_zone="Europe/Berlin"),
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
                authentication=AuthenticationConfig(),
                cpu_units=512,
                memory_mib=1024,
                min_tasks=1,
                max_tasks=2,
                night_tasks=0,
            )
        },
        worker=WorkerConfig(uses=WORKER_USES, memory_mib=512, timeout_seconds=60, reserved_concurrency=5),
        channels=ChannelsConfig(email_sender=EMAIL_SENDER),
        # It would cost more than the secrets of the database's users.
        monitoring=MonitoringConfig(container_insights=False),
        cost=CostConfig(
            # An office's working days: 8 hours on 22 of them.
            monthly_budget_usd=50,
            traffic=TrafficConfig(
                requests_per_month=20_000,
                messages_per_month=5000,
                messages_per_invocation=2,
                function_seconds=1.5,
                out_gib_per_month=0.5,
                nat_gib_per_month=2,
                log_gib_per_month=1,
                custom_metrics=1,
                database_awake_hours_per_month=176,
                database_acu=0.5,
                database_gib=1,
                database_ios_per_month=500_000,
            ),
        ),
    )
