"""webapp, production: survives the loss of a zone, with its metrics kept in a managed workspace."""

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
    PLAIN_HTTP_BECAUSE,
    POSTGRES_VERSION,
    ROUTE,
    SCHEMA_NAME,
    STORAGE,
    SYSTEM,
    USES,
)


def prod() -> SystemConfig:
    """Return the production environment."""
    return SystemConfig(
        system=SYSTEM,
        environment="prod",
        owner=OWNER,
        cost_center=COST_CENTER,
        lifecycle=Lifecycle.RETAIN,
        network=NetworkConfig(cidr=CIDR, zones=2, tiers=2, nat=Nat.REGIONAL),
        databases={
            "pages": InstanceConfig(
                name=DATABASE_NAME,
                schema_name=SCHEMA_NAME,
                engine_version=POSTGRES_VERSION,
                instance_type="db.t4g.small",
                multi_az=True,
                backup_retention_days=30,
            )
        },
        storage=STORAGE,
        load_balancer=LoadBalancerConfig(fixed_response=FIXED_RESPONSE, plain_http_because=PLAIN_HTTP_BECAUSE),
        services={
            "web": ServiceConfig(
                program="web",
                uses=USES,
                route=ROUTE,
                cpu_units=512,
                memory_mib=1024,
                min_tasks=2,
                max_tasks=6,
            )
        },
        backup=BACKUP,
        monitoring=MonitoringConfig(prometheus=PrometheusConfig(kind="managed", scrape_interval_seconds=30)),
    )
