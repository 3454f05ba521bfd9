"""webapp, development: small, with its metrics kept by its own Prometheus."""

from config.model import (
    CostConfig,
    InstanceConfig,
    Lifecycle,
    LoadBalancerConfig,
    MonitoringConfig,
    Nat,
    NetworkConfig,
    PrometheusConfig,
    ServiceConfig,
    SystemConfig,
    TrafficConfig,
    Without,
)
from config.systems.webapp.shared import (
    BACKUP,
    CIDR,
    COST_CENTER,
    DATABASE_NAME,
    FIXED_RESPONSE,
    OPEN_BECAUSE,
    OWNER,
    POSTGRES_VERSION,
    ROUTE,
    SCHEMA_NAME,
    STORAGE,
    SYSTEM,
    USES,
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
        network=NetworkConfig(cidr=CIDR, zones=2, tiers=2, nat=Nat.GATEWAY),
        databases={
            "pages": InstanceConfig(
                name=DATABASE_NAME,
                schema_name=SCHEMA_NAME,
                engine_version=POSTGRES_VERSION,
                instance_type="db.t4g.micro",
                backup_retention_days=BACKUP.retention_days,
            )
        },
        storage=STORAGE,
        load_balancer=LoadBalancerConfig(fixed_response=FIXED_RESPONSE),
        services={
            "web": ServiceConfig(
                program="web",
                uses=USES,
                route=ROUTE,
                authentication=Without(reason=OPEN_BECAUSE),
                cpu_units=256,
                memory_mib=512,
                min_tasks=1,
                max_tasks=2,
            )
        },
        backup=BACKUP,
        monitoring=MonitoringConfig(
            prometheus=PrometheusConfig(kind="self_hosted", scrape_interval_seconds=15, retention_days=7)
        ),
        cost=CostConfig(
            monthly_budget_usd=130,
            traffic=TrafficConfig(
                requests_per_month=20_000,
                out_gib_per_month=1,
                nat_gib_per_month=3,
                log_gib_per_month=1,
                custom_metrics=5,
                function_seconds=30,
                database_gib=1,
                bucket_gib=5,
                bucket_writes_per_month=100,
            ),
        ),
    )
