"""ecommerce, development: one task of each service, one node of everything."""

from config.model import (
    BrokerConfig,
    CacheConfig,
    ChannelsConfig,
    FixedResponse,
    Lifecycle,
    LoadBalancerConfig,
    MonitoringConfig,
    Nat,
    NetworkConfig,
    SearchConfig,
    SystemConfig,
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
    )
