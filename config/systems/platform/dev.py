"""platform, development: every service once."""

from config.model import (
    BackupConfig,
    CacheConfig,
    ChannelsConfig,
    CostConfig,
    InstanceConfig,
    Lifecycle,
    LoadBalancerConfig,
    MonitoringConfig,
    Nat,
    NetworkConfig,
    SystemConfig,
    TrafficConfig,
)
from config.systems.platform.services import services
from config.systems.platform.shared import (
    CIDR,
    COST_CENTER,
    DATABASE_NAME,
    EMAIL_SENDER,
    OWNER,
    POSTGRES_VERSION,
    SCHEMA_NAME,
    SUBNETS,
    SYSTEM,
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
        network=NetworkConfig(cidr=CIDR, zones=2, blocks=SUBNETS, nat=Nat.INSTANCE),
        databases={
            "planning": InstanceConfig(
                name=DATABASE_NAME,
                schema_name=SCHEMA_NAME,
                engine_version=POSTGRES_VERSION,
                instance_type="db.t4g.micro",
                backup_retention_days=7,
            )
        },
        cache=CacheConfig(engine="valkey", engine_version="8.0", node_type="cache.t4g.micro"),
        load_balancer=LoadBalancerConfig(),
        services=services(apis=1, workers=1, notifiers=1, most=1),
        channels=ChannelsConfig(email_sender=EMAIL_SENDER),
        backup=BackupConfig(retention_days=7),
        monitoring=MonitoringConfig(dashboard=False),
        cost=CostConfig(
            monthly_budget_usd=140,
            traffic=TrafficConfig(
                requests_per_month=20_000,
                messages_per_month=10_000,
                out_gib_per_month=1,
                nat_gib_per_month=3,
                log_gib_per_month=2,
                database_gib=1,
            ),
        ),
    )
