"""Options of what keeps data."""

from tests.matrix.choices import Of, field, only_if, together


def _retention(days: int) -> Of:
    return lambda config: config.backup.retention_days if config.backup else days


_POSTGRES = tuple(
    option
    for key in ("main", "side")
    for option in (
        field(f"databases.{key}.name", key, f"{key}_2"),
        field(f"databases.{key}.schema_name", "notifications", "planning"),
        field(f"databases.{key}.port", 5432, 6432),
        field(f"databases.{key}.password_rotation_days", 30, 7),
        # AWS Backup gives the databases of its plan its own retention, and sets their window.
        field(f"databases.{key}.backup_retention_days", _retention(7), _retention(14)),
        field(f"databases.{key}.maintenance_window_utc", None, "sun:04:00-sun:05:00"),
        field(f"databases.{key}.backup_window_utc", None, only_if(lambda it: it.backup is None, "01:00-02:00", None)),
    )
)

DATA = (
    *_POSTGRES,
    field("databases.main.engine_version", "18.4", "17.7"),
    together(
        "capacity floor",
        {"databases.main.min_acu": 1},
        {"databases.main.min_acu": 0, "databases.main.auto_pause_minutes": 10},
        {"databases.main.min_acu": 0.5},
        {"databases.main.min_acu": 0, "databases.main.auto_pause_minutes": 60},
    ),
    field("databases.main.max_acu", 16, 32),
    field("databases.main.readers", 0, 2),
    field("databases.side.engine_version", "18.3", "17.9"),
    field("databases.side.instance_type", None, "db.m7g.large"),
    field("databases.side.multi_az", False, True),
    field("databases.side.storage_gib", 20, 50),
    field("databases.side.max_storage_gib", 100, 200),
    field("queue.fifo", False, True),
    field("queue.retention_days", 4, 7),
    field("queue.dlq_retention_days", 14, 10),
    field("queue.max_receive_count", 5, 8),
    field("queue.depth_alarm_messages", 1000, 50),
    field("queue.visibility_timeout_seconds", None, 3600),
    together(
        "cache engine",
        {"cache.engine": "valkey", "cache.engine_version": "8.0"},
        {"cache.engine": "valkey", "cache.engine_version": "7.2"},
        {"cache.engine": "redis", "cache.engine_version": "7.1"},
    ),
    field("cache.node_type", None, "cache.t4g.small"),
    field("cache.nodes", 1, 2),
    field("cache.snapshot_retention_days", 0, 5),
    field("broker.engine_version", "3.13", "4.2"),
    field("broker.instance_type", None, "mq.m7g.large"),
    field("broker.cluster", False, True),
    field("broker.backlog_alarm_messages", 1000, 50),
    field("search.engine_version", "3.3", "2.19"),
    field("search.instance_type", "t3.small.search", "m7g.large.search"),
    # As many in each zone.
    field("search.nodes", 1, lambda config: config.network.zones),
    field("search.volume_gib", 10, 20),
    field("storage.buckets.media.expire_days", None, 400),
    field("storage.buckets.media.noncurrent_days", 30, 7),
    field("storage.buckets.media.infrequent_access_days", None, 90),
)
