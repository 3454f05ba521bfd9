"""Rules of what AWS offers: values that it refuses in the middle of a deployment, and nothing earlier does."""

from collections.abc import Iterator

from config.connections import instance_connections
from config.model import InstanceConfig, SystemConfig
from config.offers import RABBITMQ_TYPES, search_zones, spreads_evenly
from config.problems import Problem


def _instance_classes(config: SystemConfig) -> Iterator[Problem]:
    for key, database in config.databases.items():
        if not isinstance(database, InstanceConfig) or database.instance_type is None:
            continue
        try:
            instance_connections(database.instance_type)
        except ValueError as error:
            yield Problem(
                field=f"databases.{key}.instance_type", value=database.instance_type, allowed=f"not known; {error}"
            )


def _broker(config: SystemConfig) -> Iterator[Problem]:
    broker = config.broker
    if broker is None or broker.instance_type is None:
        return
    offered = RABBITMQ_TYPES[broker.engine_version]
    if broker.instance_type not in offered:
        yield Problem(
            field="broker.instance_type",
            value=broker.instance_type,
            allowed=f"not offered with RabbitMQ {broker.engine_version}; allowed: {', '.join(offered)}",
        )


def _search(config: SystemConfig) -> Iterator[Problem]:
    search, zones = config.search, config.network.zones
    if search is not None and not spreads_evenly(search.nodes, zones):
        yield Problem(
            field="search.nodes",
            value=search.nodes,
            allowed=f"must fall evenly on {search_zones(search.nodes, zones)} zones; allowed: 1, or a multiple of that",
        )


def _continuous_backups(config: SystemConfig) -> Iterator[Problem]:
    if config.backup is None:
        return
    kept = config.backup.retention_days
    for key, database in config.databases.items():
        if database.backup_retention_days != kept:
            yield Problem(
                field=f"databases.{key}.backup_retention_days",
                value=database.backup_retention_days,
                allowed="AWS Backup gives the databases of its plan its own retention, and a deployment would set them "
                f"back; allowed: backup.retention_days, which is {kept}",
            )


RULES = (_instance_classes, _broker, _search, _continuous_backups)
