"""CloudFormation resource types that MiniStack does not know or fills incompletely, one file per service."""

from local.emulator.brokers import Brokers
from local.emulator.databases import Databases
from local.emulator.options import Options
from local.emulator.processes import ProcessLedger
from local.emulator.resources import (
    alarms,
    amazon_mq,
    application_autoscaling,
    backup,
    buckets,
    composite_alarms,
    ec2_addresses,
    ec2_instances,
    ec2_networks,
    ec2_rules,
    ecs,
    firewalls,
    flow_logs,
    lambda_functions,
    listeners,
    oidc_providers,
    opensearch,
    prometheus,
    rds,
    rotation,
    secrets,
    service_linked_roles,
    without_effect,
)
from local.emulator.resources.recorded import RecordedOnly
from local.emulator.resources.registry import register_type


def register(options: Options, ledger: ProcessLedger, databases: Databases, brokers: Brokers) -> None:
    """Make CloudFormation accept and provision the added types."""
    rds.register(databases)
    amazon_mq.register(brokers)
    prometheus.register(options, ledger)
    ecs.register()
    lambda_functions.register()
    buckets.register()
    ec2_networks.register()
    listeners.register()
    secrets.register()
    rotation.register()
    backup.register_vault()
    recorded = RecordedOnly(options.recorded_only)
    for types in (
        alarms.types(recorded),
        amazon_mq.types(recorded),
        application_autoscaling.types(recorded),
        backup.types(recorded),
        composite_alarms.types(),
        ec2_addresses.TYPES,
        ec2_instances.TYPES,
        ec2_rules.TYPES,
        firewalls.types(recorded),
        flow_logs.types(recorded),
        oidc_providers.types(),
        opensearch.types(recorded),
        service_linked_roles.types(),
        without_effect.types(recorded),
    ):
        for name, provider in types.items():
            register_type(name, provider)
