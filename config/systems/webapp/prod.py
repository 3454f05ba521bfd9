"""webapp, production: survives the loss of a zone, with its metrics kept in a managed workspace."""

from config.model import (
    AccessLogsConfig,
    CostConfig,
    FirewallConfig,
    FlowLogsConfig,
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
        customer_keys=True,
        network=NetworkConfig(cidr=CIDR, zones=2, tiers=2, nat=Nat.REGIONAL, flow_logs=FlowLogsConfig()),
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
        load_balancer=LoadBalancerConfig(
            fixed_response=FIXED_RESPONSE,
            plain_http_because=PLAIN_HTTP_BECAUSE,
            access_logs=AccessLogsConfig(),
            firewall=FirewallConfig(),
        ),
        services={
            "web": ServiceConfig(
                program="web",
                uses=USES,
                route=ROUTE,
                authentication=Without(reason=OPEN_BECAUSE),
                cpu_units=512,
                memory_mib=1024,
                min_tasks=2,
                max_tasks=6,
            )
        },
        backup=BACKUP,
        monitoring=MonitoringConfig(prometheus=PrometheusConfig(kind="managed", scrape_interval_seconds=30)),
        cost=CostConfig(
            monthly_budget_usd=250,
            traffic=TrafficConfig(
                requests_per_month=2_000_000,
                out_gib_per_month=60,
                nat_gib_per_month=20,
                log_gib_per_month=8,
                custom_metrics=5,
                function_seconds=120,
                prometheus_samples_per_month=30_000_000,
                autoscaling_share=0.1,
                database_gib=10,
                bucket_gib=60,
                bucket_writes_per_month=100,
            ),
        ),
    )
