"""Rules of what keeps data."""

from collections.abc import Iterator

from config.model import AuroraConfig, InstanceConfig, SystemConfig
from config.problems import Problem

# Names RDS keeps for itself, or that are key words of SQL. https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/
RESERVED_DATABASE_NAMES = frozenset({"all", "default", "postgres", "rdsadmin", "select", "table", "template0", "user"})
# Versions in which a cache can be made, by engine.
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html
CACHE_VERSIONS = {"valkey": ("7.2", "8.0", "8.1"), "redis": ("6.2", "7.0", "7.1")}
# A cluster of a broker has a node in each of three zones; two zones hold it as well, less evenly.
CLUSTER_ZONES = 2


def _capacity(config: SystemConfig) -> Iterator[Problem]:
    for key, database in config.databases.items():
        if isinstance(database, AuroraConfig):
            yield from _aurora_capacity(f"databases.{key}", database)


def _aurora_capacity(field: str, database: AuroraConfig) -> Iterator[Problem]:
    if database.min_acu > database.max_acu:
        yield Problem(
            field=f"{field}.min_acu",
            value=database.min_acu,
            allowed=f"allowed: 0 to max_acu, which is {database.max_acu}",
        )
    if database.min_acu == 0 and database.auto_pause_minutes is None:
        yield Problem(
            field=f"{field}.auto_pause_minutes",
            value=None,
            allowed="a floor of 0 ACU pauses the idle cluster; say after how many minutes, 5 to 1440",
        )
    if database.min_acu > 0 and database.auto_pause_minutes is not None:
        yield Problem(
            field=f"{field}.auto_pause_minutes",
            value=database.auto_pause_minutes,
            allowed=f"only a cluster with min_acu 0 pauses, this one has {database.min_acu}; set None",
        )


def _storage(config: SystemConfig) -> Iterator[Problem]:
    for key, database in config.databases.items():
        if not isinstance(database, InstanceConfig):
            continue
        # RDS grows storage in steps of a tenth at least.
        if database.max_storage_gib * 10 < database.storage_gib * 11:
            yield Problem(
                field=f"databases.{key}.max_storage_gib",
                value=database.max_storage_gib,
                allowed=f"allowed: a tenth more than storage_gib at least, which is {database.storage_gib}",
            )
        yield from _instance_type(f"databases.{key}.instance_type", database.instance_type, "db.")


def _database_names(config: SystemConfig) -> Iterator[Problem]:
    for key, database in config.databases.items():
        if database.name in RESERVED_DATABASE_NAMES:
            yield Problem(
                field=f"databases.{key}.name",
                value=database.name,
                allowed="is reserved; allowed: any other, such as the system's",
            )


def _queue(config: SystemConfig) -> Iterator[Problem]:
    queue, worker = config.queue, config.worker
    if (queue is None) != (worker is None):
        missing = "queue" if queue is None else "worker"
        yield Problem(field=missing, value=None, allowed="a queue and its worker come together; add it, or remove both")
    if queue is None or worker is None:
        return
    if queue.dlq_retention_days <= queue.retention_days:
        yield Problem(
            field="queue.dlq_retention_days",
            value=queue.dlq_retention_days,
            allowed="a message keeps its age when it moves; "
            f"allowed: more than retention_days, which is {queue.retention_days}",
        )
    if queue.fifo and worker.batch_window_seconds:
        yield Problem(
            field="worker.batch_window_seconds",
            value=worker.batch_window_seconds,
            allowed="Lambda takes no batch window on a FIFO queue; allowed: 0",
        )


def _cache(config: SystemConfig) -> Iterator[Problem]:
    cache = config.cache
    if cache is None:
        return
    versions = CACHE_VERSIONS[cache.engine]
    if cache.engine_version not in versions:
        yield Problem(
            field="cache.engine_version",
            value=cache.engine_version,
            allowed=f"not a version of {cache.engine} to make a cache of; allowed: {', '.join(versions)}",
        )
    yield from _instance_type("cache.node_type", cache.node_type, "cache.")


def _instance_type(field: str, value: str | None, prefix: str) -> Iterator[Problem]:
    if value is not None and not value.startswith(prefix):
        yield Problem(field=field, value=value, allowed=f"allowed: a type that begins with {prefix}")


RULES = (_capacity, _storage, _database_names, _queue, _cache)
