"""webapp, development: small, with its metrics kept by its own Prometheus."""

from config.model import (
    InstanceConfig,
    Lifecycle,
    LoadBalancerConfig,
    MonitoringConfig,
    Nat,
    NetworkConfig,
    PrometheusConfig,
    ServiceConfig,
    SystemConfig,
)
from config.systems.webapp.shared import (
    BACKUP,
    CIDR,
    COST_CENTER,
    DATABASE_NAME,
    FIXED_RESPONSE,
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
    )
