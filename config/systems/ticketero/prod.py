"""ticketero, production: survives the loss of a zone, watched by four alarms."""

from config.model import (
    BrokerConfig,
    ChannelsConfig,
    InstanceConfig,
    Lifecycle,
    LoadBalancerConfig,
    MonitoringConfig,
    Nat,
    NetworkConfig,
    Route,
    ServiceConfig,
    SystemConfig,
)
from config.systems.ticketero.shared import (
    CIDR,
    COST_CENTER,
    DATABASE_NAME,
    OWNER,
    POSTGRES_VERSION,
    RABBITMQ_VERSION,
    SCHEMA_NAME,
    SUBNETS,
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
        network=NetworkConfig(cidr=CIDR, zones=2, tiers=2, blocks=SUBNETS, nat=Nat.GATEWAY_PER_ZONE),
        databases={
            "tickets": InstanceConfig(
                name=DATABASE_NAME,
                schema_name=SCHEMA_NAME,
                engine_version=POSTGRES_VERSION,
                instance_type="db.t4g.small",
                multi_az=True,
                backup_retention_days=14,
            )
        },
        broker=BrokerConfig(engine_version=RABBITMQ_VERSION, instance_type="mq.m7g.large", cluster=True),
        load_balancer=LoadBalancerConfig(),
        services={
            "tickets": ServiceConfig(
                program="tickets",
                uses=USES,
                route=Route(),
                cpu_units=512,
                memory_mib=1024,
                min_tasks=2,
                max_tasks=4,
            )
        },
        channels=ChannelsConfig(),
        monitoring=MonitoringConfig(),
    )
