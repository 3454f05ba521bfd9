"""platform, production: as large as the reference architecture draws it."""

from config.model import (
    AccessLogsConfig,
    BackupConfig,
    CacheConfig,
    ChannelsConfig,
    CostConfig,
    FirewallConfig,
    FlowLogsConfig,
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


def prod() -> SystemConfig:
    """Return the production environment."""
    return SystemConfig(
        system=SYSTEM,
        environment="prod",
        owner=OWNER,
        cost_center=COST_CENTER,
        lifecycle=Lifecycle.RETAIN,
        customer_keys=True,
        network=NetworkConfig(cidr=CIDR, zones=2, blocks=SUBNETS, nat=Nat.GATEWAY_PER_ZONE, flow_logs=FlowLogsConfig()),
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
        load_balancer=LoadBalancerConfig(access_logs=AccessLogsConfig(), firewall=FirewallConfig()),
        services=services(apis=2, workers=5, notifiers=2, most=2),
        channels=ChannelsConfig(email_sender=EMAIL_SENDER),
        backup=BackupConfig(retention_days=30, copy_region="us-west-2"),
        monitoring=MonitoringConfig(),
        cost=CostConfig(
            monthly_budget_usd=425,
            traffic=TrafficConfig(
                requests_per_month=2_000_000,
                messages_per_month=1_000_000,
                out_gib_per_month=100,
                nat_gib_per_month=50,
                log_gib_per_month=15,
                autoscaling_share=0.05,
                database_gib=15,
            ),
        ),
    )
