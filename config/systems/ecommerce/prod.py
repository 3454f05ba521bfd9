"""ecommerce, production: everything more than once, over three zones."""

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


def prod() -> SystemConfig:
    """Return the production environment."""
    return SystemConfig(
        system=SYSTEM,
        environment="prod",
        owner=OWNER,
        cost_center=COST_CENTER,
        lifecycle=Lifecycle.RETAIN,
        network=NetworkConfig(cidr=CIDR, zones=ZONES, nat=Nat.GATEWAY_PER_ZONE),
        databases=databases(multi_az=True, backup_retention_days=14),
        cache=CacheConfig(engine="redis", engine_version="7.1", nodes=2),
        broker=BrokerConfig(engine_version=RABBITMQ_VERSION, instance_type="mq.m7g.large", cluster=True),
        search=SearchConfig(instance_type="m7g.medium.search", nodes=3, volume_gib=20),
        storage=STORAGE,
        load_balancer=LoadBalancerConfig(fixed_response=FixedResponse(status=404, body="no such resource")),
        services=services(tasks=2, most=6),
        channels=ChannelsConfig(email_sender=EMAIL_SENDER),
        monitoring=MonitoringConfig(),
    )
