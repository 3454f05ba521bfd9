"""ticketero, development: one of everything, without alarms."""

from config.model import (
    BrokerConfig,
    ChannelsConfig,
    CostConfig,
    InstanceConfig,
    Lifecycle,
    LoadBalancerConfig,
    Nat,
    NetworkConfig,
    Route,
    ServiceConfig,
    SystemConfig,
    TrafficConfig,
    Without,
)
from config.systems.ticketero.shared import (
    CIDR,
    COST_CENTER,
    DATABASE_NAME,
    OPEN_BECAUSE,
    OWNER,
    POSTGRES_VERSION,
    RABBITMQ_VERSION,
    SCHEMA_NAME,
    SUBNETS,
    SYSTEM,
    USES,
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
        network=NetworkConfig(cidr=CIDR, zones=2, tiers=2, blocks=SUBNETS, nat=Nat.GATEWAY),
        databases={
            "tickets": InstanceConfig(
                name=DATABASE_NAME,
                schema_name=SCHEMA_NAME,
                engine_version=POSTGRES_VERSION,
                instance_type="db.t4g.micro",
                backup_retention_days=1,
            )
        },
        broker=BrokerConfig(engine_version=RABBITMQ_VERSION, instance_type="mq.m7g.medium"),
        load_balancer=LoadBalancerConfig(),
        services={
            "tickets": ServiceConfig(
                program="tickets",
                uses=USES,
                route=Route(),
                authentication=Without(reason=OPEN_BECAUSE),
                cpu_units=256,
                memory_mib=512,
                min_tasks=1,
                max_tasks=2,
            )
        },
        channels=ChannelsConfig(),
        monitoring=Without(reason="made and thrown away at will; nobody is woken up for it"),
        cost=CostConfig(
            # The documents' ~110 had a broker of the type mq.t3.micro, which can no longer be made: docs/cost.md.
            monthly_budget_usd=175,
            traffic=TrafficConfig(
                requests_per_month=20_000,
                messages_per_month=10_000,
                out_gib_per_month=0.5,
                nat_gib_per_month=3,
                log_gib_per_month=1,
                database_gib=1,
                broker_gib=5,
            ),
        ),
    )
