"""platform, production: as large as the reference architecture draws it."""

from config.model import (
    BackupConfig,
    CacheConfig,
    ChannelsConfig,
    InstanceConfig,
    Lifecycle,
    LoadBalancerConfig,
    MonitoringConfig,
    Nat,
    NetworkConfig,
    SystemConfig,
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


def prod() -> SystemConfig:
    """Return the production environment."""
    return SystemConfig(
        system=SYSTEM,
        environment="prod",
        owner=OWNER,
        cost_center=COST_CENTER,
        lifecycle=Lifecycle.RETAIN,
        network=NetworkConfig(cidr=CIDR, zones=2, blocks=SUBNETS, nat=Nat.GATEWAY_PER_ZONE),
        databases={
            "planning": InstanceConfig(
                name=DATABASE_NAME,
                schema_name=SCHEMA_NAME,
                engine_version=POSTGRES_VERSION,
                instance_type="db.t3.medium",
                multi_az=True,
                backup_retention_days=30,
            )
        },
        cache=CacheConfig(engine="redis", engine_version="7.1", node_type="cache.t3.micro"),
        load_balancer=LoadBalancerConfig(),
        services=services(apis=2, workers=5, notifiers=2, most=2),
        channels=ChannelsConfig(email_sender=EMAIL_SENDER),
        backup=BackupConfig(retention_days=30, copy_region="us-west-2"),
        monitoring=MonitoringConfig(),
    )
