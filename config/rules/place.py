"""Rules of the place that a system is deployed to, which only a deployment knows."""

from collections.abc import Iterator

from config.model import InstanceConfig, SystemConfig
from config.problems import Problem
from config.rules.connections import connections


def check_in_place(config: SystemConfig, *, region: str | None, database_instance_type: str) -> list[Problem]:
    """Return what does not fit a place.

    Args:
        config: a configuration without faults of its own.
        region: the region of its stacks; None where templates are made that fit any.
        database_instance_type: class that an RDS instance has there whose configuration names none.
    """
    return [*_copies(config, region), *_open_sizes(config, database_instance_type)]


def _copies(config: SystemConfig, region: str | None) -> Iterator[Problem]:
    if config.backup is not None and region is not None and config.backup.copy_region == region:
        yield Problem(
            field="backup.copy_region",
            value=region,
            allowed="is the region of the stacks themselves, and copies there are lost with it; allowed: another one",
        )


def _open_sizes(config: SystemConfig, database_instance_type: str) -> Iterator[Problem]:
    open_ones = {
        key: database
        for key, database in config.databases.items()
        if isinstance(database, InstanceConfig) and database.instance_type is None
    }
    yield from connections(config.model_copy(update={"databases": open_ones}), database_instance_type)
