"""ticketero, production: survives the loss of a zone, watched by four alarms."""

from config.model import (
    AccessLogsConfig,
    BrokerConfig,
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


def prod() -> SystemConfig:
    """Return the production environment."""
    return SystemConfig(
        system=SYSTEM,
        environment="prod",
        owner=OWNER,
        cost_center=COST_CENTER,
        lifecycle=Lifecycle.RETAIN,
        customer_keys=True,
        network=NetworkConfig(
            cidr=CIDR, zones=2, tiers=2, blocks=SUBNETS, nat=Nat.GATEWAY_PER_ZONE, flow_logs=FlowLogsConfig()
        ),
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
        load_balancer=LoadBalancerConfig(access_logs=AccessLogsConfig(), firewall=FirewallConfig()),
        services={
            "tickets": ServiceConfig(
                program="tickets",
                uses=USES,
                route=Route(),
                authentication=Without(reason=OPEN_BECAUSE),
                cpu_units=512,
                memory_mib=1024,
                min_tasks=2,
                max_tasks=4,
            )
        },
        channels=ChannelsConfig(),
        monitoring=MonitoringConfig(),
        cost=CostConfig(
            # The documents' ~210 had one small broker; a cluster of those made for production costs 599: docs/cost.md.
            monthly_budget_usd=850,
            traffic=TrafficConfig(
                requests_per_month=500_000,
                messages_per_month=200_000,
                out_gib_per_month=20,
                nat_gib_per_month=20,
                log_gib_per_month=8,
                autoscaling_share=0.1,
                database_gib=10,
                broker_gib=15,
            ),
        ),
    )
