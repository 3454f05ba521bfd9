"""ecommerce, development: one task of each service, one node of everything."""

from config.model import (
    BrokerConfig,
    CacheConfig,
    ChannelsConfig,
    CostConfig,
    FixedResponse,
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


def dev() -> SystemConfig:
    """Return the development environment."""
    return SystemConfig(
        system=SYSTEM,
        environment="dev",
        owner=OWNER,
        cost_center=COST_CENTER,
        lifecycle=Lifecycle.DESTROY,
        log_level="DEBUG",
        network=NetworkConfig(cidr=CIDR, zones=ZONES, nat=Nat.GATEWAY),
        databases=databases(multi_az=False, backup_retention_days=1),
        cache=CacheConfig(engine="redis", engine_version="7.1"),
        broker=BrokerConfig(engine_version=RABBITMQ_VERSION),
        search=SearchConfig(),
        storage=STORAGE,
        load_balancer=LoadBalancerConfig(fixed_response=FixedResponse(status=404, body="no such resource")),
        services=services(tasks=1, most=1),
        channels=ChannelsConfig(email_sender=EMAIL_SENDER),
        monitoring=MonitoringConfig(dashboard=False),
        cost=CostConfig(
            monthly_budget_usd=750,
            traffic=TrafficConfig(
                requests_per_month=50_000,
                messages_per_month=50_000,
                out_gib_per_month=1,
                nat_gib_per_month=5,
                log_gib_per_month=4,
                database_gib=1,
                bucket_gib=1,
                bucket_writes_per_month=1000,
                broker_gib=5,
            ),
        ),
    )
