"""Rules of what keeps data."""

from collections.abc import Iterator

from config.model import AuroraConfig, InstanceConfig, SystemConfig
from config.offers import PAUSES_FROM
from config.problems import Problem

# Databases that are there from the start, and key words that PostgreSQL takes for the name of no database.
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
# https://www.postgresql.org/docs/current/sql-keywords-appendix.html
_RESERVED = """
postgres rdsadmin template0 template1
all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
column concurrently constraint create cross current_catalog current_date current_role current_schema current_time
current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze
from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit
localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references
returning right select session_user similar some symmetric system_user table tablesample then to trailing true union
unique user using variadic verbose when where window with
"""
RESERVED_DATABASE_NAMES = frozenset(_RESERVED.split())
# Versions in which a cache can be made, by engine.
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html
CACHE_VERSIONS = {"valkey": ("7.2", "8.0", "8.1"), "redis": ("6.2", "7.0", "7.1")}
# A cluster of a broker has a node in each of three zones; two zones hold it as well, less evenly.
CLUSTER_ZONES = 2
# S3 moves no object to Infrequent Access before.
_LEAST_DAYS_BEFORE_MOVE = 30
_DAY = 24 * 60 * 60
# The most that SQS keeps a message.
QUEUE_RETENTION_DAYS = 14


def _capacity(config: SystemConfig) -> Iterator[Problem]:
    for key, database in config.databases.items():
        if isinstance(database, AuroraConfig):
            yield from _aurora_capacity(f"databases.{key}", database)
            if database.min_acu == 0 and tuple(map(int, database.engine_version.split("."))) < PAUSES_FROM:
                yield Problem(
                    field=f"databases.{key}.engine_version",
                    value=database.engine_version,
                    allowed="does not pause, as min_acu 0 says; "
                    f"allowed: {'.'.join(map(str, PAUSES_FROM))} and newer, or min_acu 0.5 and more",
                )


def _aurora_capacity(field: str, database: AuroraConfig) -> Iterator[Problem]:
    if database.min_acu > database.max_acu:
        yield Problem(
            field=f"{field}.min_acu",
            value=database.min_acu,
            allowed=f"allowed: 0 to max_acu, which is {database.max_acu} (nearest: {database.max_acu})",
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
    least = config.least_visibility_timeout_seconds
    if config.visibility_timeout_seconds < least:
        yield Problem(
            field="queue.visibility_timeout_seconds",
            value=queue.visibility_timeout_seconds,
            allowed="messages would be received again while they are still worked on; allowed: six times "
            f"worker.timeout_seconds, which is {worker.timeout_seconds}, and worker.batch_window_seconds, which is "
            f"{worker.batch_window_seconds}, or more (nearest: {least})",
        )
    if queue.dlq_retention_days <= queue.retention_days:
        most = QUEUE_RETENTION_DAYS
        mend = (
            f"(nearest: {queue.retention_days + 1})"
            if queue.retention_days < most
            else f"(nearest: {most}, with retention_days {most - 1})"
        )
        yield Problem(
            field="queue.dlq_retention_days",
            value=queue.dlq_retention_days,
            allowed="a message keeps its age when it moves; "
            f"allowed: more than retention_days, which is {queue.retention_days} {mend}",
        )
    retention_seconds = queue.retention_days * _DAY
    # Between two receives a message waits for as long as the worker delays it, or a dead worker has hidden it.
    waits = max(config.visibility_timeout_seconds, worker.longest_delay_seconds)
    most = retention_seconds // waits - 1
    if queue.max_receive_count > most:
        yield Problem(
            field="queue.max_receive_count",
            value=queue.max_receive_count,
            allowed=f"a message may wait {waits} seconds for each receive, and would be lost after retention_days, "
            f"which is {queue.retention_days}, before it got to the dead-letter queue; "
            f"allowed: 5 to {most} (nearest: {most})",
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


def _buckets(config: SystemConfig) -> Iterator[Problem]:
    for key, bucket in (config.storage.buckets if config.storage else {}).items():
        moved, gone = bucket.infrequent_access_days, bucket.expire_days
        if moved is not None and gone is not None and moved >= gone:
            yield Problem(
                field=f"storage.buckets.{key}.infrequent_access_days",
                value=moved,
                allowed=f"objects are deleted after expire_days, which is {gone}; "
                + (f"allowed: 30 to {gone - 1}" if gone > _LEAST_DAYS_BEFORE_MOVE else "allowed: None"),
            )


RULES = (_capacity, _storage, _database_names, _queue, _cache, _buckets)
