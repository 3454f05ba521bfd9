"""ecommerce, production: everything more than once, over three zones."""

from config.model import (
    AccessLogsConfig,
    BrokerConfig,
    CacheConfig,
    ChannelsConfig,
    CostConfig,
    FirewallConfig,
    FixedResponse,
    FlowLogsConfig,
    Lifecycle,
    LoadBalancerConfig,
    MonitoringConfig,
    Nat,
    NetworkConfig,
    SearchConfig,
    SystemConfig,
    TrafficConfig,
)
from config.systems.ecommerce.services import databases, services
from config.systems.ecommerce.shared import (
    CIDR,
    COST_CENTER,
    EMAIL_SENDER,
    OWNER,
    RABBITMQ_VERSION,
    STORAGE,
    SYSTEM,
    ZONES,
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
        network=NetworkConfig(cidr=CIDR, zones=ZONES, nat=Nat.GATEWAY_PER_ZONE, flow_logs=FlowLogsConfig()),
        databases=databases(multi_az=True, backup_retention_days=14),
        cache=CacheConfig(engine="redis", engine_version="7.1", nodes=2),
        broker=BrokerConfig(engine_version=RABBITMQ_VERSION, instance_type="mq.m7g.large", cluster=True),
        search=SearchConfig(instance_type="m7g.medium.search", nodes=3, volume_gib=20),
        storage=STORAGE,
        load_balancer=LoadBalancerConfig(
            fixed_response=FixedResponse(status=404, body="no such resource"),
            access_logs=AccessLogsConfig(),
            firewall=FirewallConfig(),
        ),
        services=services(tasks=2, most=6),
        channels=ChannelsConfig(email_sender=EMAIL_SENDER),
        monitoring=MonitoringConfig(),
        cost=CostConfig(
            monthly_budget_usd=2150,
            traffic=TrafficConfig(
                requests_per_month=5_000_000,
                messages_per_month=3_000_000,
                out_gib_per_month=200,
                nat_gib_per_month=60,
                log_gib_per_month=30,
                autoscaling_share=0.1,
                database_gib=15,
                bucket_gib=100,
                bucket_writes_per_month=100_000,
                broker_gib=15,
            ),
        ),
    )
