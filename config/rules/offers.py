"""Rules of what AWS offers: values that it refuses in the middle of a deployment, and nothing earlier does."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from config.end_of_life import lifetime_of
from config.model import AuroraConfig, InstanceConfig, SystemConfig
from config.offers import (
    AURORA_VERSIONS,
    CACHE_SIZES,
    POSTGRES_VERSIONS,
    RABBITMQ_TYPES,
    RDS_SIZES,
    SEARCH_BURSTABLE_NODES,
    SEARCH_VERSIONS,
    SEARCH_VOLUMES,
    search_zones,
    spreads_evenly,
)
from config.problems import Problem


def _databases(config: SystemConfig) -> Iterator[Problem]:
    for key, database in config.databases.items():
        field = f"databases.{key}"
        versions, product = (
            (AURORA_VERSIONS, "Aurora PostgreSQL")
            if isinstance(database, AuroraConfig)
            else (POSTGRES_VERSIONS, "RDS for PostgreSQL")
        )
        yield from _version(f"{field}.engine_version", database.engine_version, versions, product)
        if isinstance(database, InstanceConfig) and database.instance_type is not None:
            yield from _size(f"{field}.instance_type", database.instance_type, "db.", "", RDS_SIZES)


def _cache(config: SystemConfig) -> Iterator[Problem]:
    if config.cache is not None and config.cache.node_type is not None:
        yield from _size("cache.node_type", config.cache.node_type, "cache.", "", CACHE_SIZES)


def _version(field: str, value: str, versions: Sequence[str], product: str) -> Iterator[Problem]:
    if value not in versions:
        major = value.partition(".")[0]
        near = [version for version in versions if version.partition(".")[0] == major] or versions
        allowed = f"not a version of {product}; allowed: {', '.join(near)}{_nearest(value, near)}"
        yield Problem(field=field, value=value, allowed=allowed)


def _nearest(value: str, versions: Sequence[str]) -> str:
    """Return a hint at the version that is closest by number: of 17.9 and 17.1, the former to 17.10."""
    if not all(part.isdecimal() for part in value.split(".")):
        return ""

    def distance(version: str) -> tuple[int, ...]:
        ours, theirs = ([*map(int, each.split(".")), 0, 0][:2] for each in (value, version))
        return tuple(abs(mine - other) for mine, other in zip(ours, theirs, strict=True))

    return f" (nearest: {min(versions, key=distance)})"


def _size(field: str, value: str, prefix: str, suffix: str, sizes: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    """Yield what is wrong with a type such as `db.t4g.micro`, with all that one like it may be."""
    if not value.startswith(prefix) or not value.endswith(suffix):
        ends = f"begins with {prefix}" if prefix else f"ends with {suffix}"
        yield Problem(field=field, value=value, allowed=f"allowed: a type that {ends}")
        return
    family, size = value.removeprefix(prefix).removesuffix(suffix).split(".")
    if family not in sizes:
        allowed = f"not offered; allowed: {prefix}FAMILY.SIZE{suffix} of the families {', '.join(sizes)}"
        yield Problem(field=field, value=value, allowed=allowed)
    elif size not in sizes[family]:
        allowed = f"not offered; allowed: {prefix}{family}.SIZE{suffix} of the sizes {', '.join(sizes[family])}"
        yield Problem(field=field, value=value, allowed=allowed)


def _broker(config: SystemConfig) -> Iterator[Problem]:
    broker = config.broker
    if broker is None or broker.instance_type is None:
        return
    offered = RABBITMQ_TYPES[broker.engine_version]
    if broker.instance_type not in offered:
        known = lifetime_of("amazon-mq-type", broker.instance_type)
        yield Problem(
            field="broker.instance_type",
            value=broker.instance_type,
            allowed=f"not offered with RabbitMQ {broker.engine_version}; allowed: {', '.join(offered)}"
            + (f"; {known}" if known else ""),
        )


def _search(config: SystemConfig) -> Iterator[Problem]:
    search, zones = config.search, config.network.zones
    if search is not None and not spreads_evenly(search.nodes, zones):
        yield Problem(
            field="search.nodes",
            value=search.nodes,
            allowed=f"must fall evenly on {search_zones(search.nodes, zones)} zones; allowed: 1, or a multiple of that",
        )


def _search_types(config: SystemConfig) -> Iterator[Problem]:
    search = config.search
    if search is None:
        return
    yield from _version("search.engine_version", search.engine_version, SEARCH_VERSIONS, "OpenSearch")
    faults = list(_size("search.instance_type", search.instance_type, "", ".search", SEARCH_VOLUMES))
    if faults:
        yield from faults
        return
    family, size, _ = search.instance_type.split(".")
    most = SEARCH_VOLUMES[family][size]
    if search.volume_gib > most:
        yield Problem(
            field="search.volume_gib",
            value=search.volume_gib,
            allowed=f"more than a {search.instance_type} takes; allowed: 10 to {most}",
        )
    if family == "t3" and search.nodes > SEARCH_BURSTABLE_NODES:
        yield Problem(
            field="search.nodes",
            value=search.nodes,
            allowed=f"more than a domain of {search.instance_type} takes; allowed: 1 to {SEARCH_BURSTABLE_NODES}",
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


RULES = (_databases, _cache, _broker, _search, _search_types, _continuous_backups)
