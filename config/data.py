"""Everything that keeps data: databases, queue, cache, broker, search, buckets."""

from typing import Annotated, Literal

from pydantic import Field

from config.section import Key, Section

_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"
_DAY = "(mon|tue|wed|thu|fri|sat|sun)"
DailyWindow = Annotated[str, Field(pattern=rf"^{_TIME}-{_TIME}$")]
WeeklyWindow = Annotated[str, Field(pattern=rf"^{_DAY}:{_TIME}-{_DAY}:{_TIME}$")]
# A size of the provider's where a configuration leaves the choice to it.
InstanceType = Annotated[str, Field(pattern=r"^(db|cache|mq)\.[a-z0-9]+\.[a-z0-9]+$|^[a-z0-9]+\.[a-z0-9]+\.search$")]


class _PostgresConfig(Section):
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    """Name of the database inside the server."""
    schema_name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    """Which of the workload's schemas is created and migrated in it: a folder of `services/migrations`."""
    engine_version: str = Field(pattern=r"^(16|17|18)\.\d{1,2}$")
    """PostgreSQL version, major (16 to 18) and minor."""
    port: int = Field(default=5432, ge=1150, le=65535)
    """TCP port."""
    password_rotation_days: int = Field(default=30, ge=1, le=365)
    """Days after which each of its users gets another password."""
    backup_retention_days: int = Field(ge=1, le=35)
    """Days for which any point in time can be restored."""
    backup_window_utc: DailyWindow | None = None
    """Time of day of the automated backup in UTC, such as `02:00-03:00`; None leaves it to RDS."""
    maintenance_window_utc: WeeklyWindow | None = None
    """Time of the week of patches in UTC, such as `sun:04:00-sun:05:00`; None leaves it to RDS."""


class AuroraConfig(_PostgresConfig):
    """An Aurora PostgreSQL cluster, Serverless v2."""

    kind: Literal["aurora"] = "aurora"
    """Tells it from an RDS instance where either may stand."""
    min_acu: float = Field(ge=0, le=256, multiple_of=0.5)
    """Capacity floor in Aurora Capacity Units; 0 lets an idle cluster pause."""
    max_acu: float = Field(ge=1, le=256, multiple_of=0.5)
    """Capacity ceiling in Aurora Capacity Units."""
    auto_pause_minutes: int | None = Field(default=None, ge=5, le=1440)
    """Idle minutes before a cluster with a floor of 0 pauses; None where the floor is above 0."""
    readers: int = Field(default=0, ge=0, le=15)
    """Readers, each in another zone than the one before; the first one is the failover target."""


class InstanceConfig(_PostgresConfig):
    """An RDS for PostgreSQL instance."""

    kind: Literal["instance"] = "instance"
    """Tells it from an Aurora cluster where either may stand."""
    instance_type: InstanceType | None = None
    """Instance class such as `db.t4g.micro`; None takes the provider's."""
    multi_az: bool = False
    """A synchronous standby in another zone that takes over by itself."""
    storage_gib: int = Field(default=20, ge=20, le=59_578)
    """Storage at the start; RDS lets it grow by a tenth at least, up to 65,536 GiB."""
    max_storage_gib: int = Field(default=100, ge=20, le=65_536)
    """Storage that it may grow to by itself."""


DatabaseConfig = Annotated[AuroraConfig | InstanceConfig, Field(discriminator="kind")]


class QueueConfig(Section):
    """The notification queue and its dead-letter queue."""

    fifo: bool = False
    """First-in-first-out per message group instead of a standard queue."""
    retention_days: int = Field(default=4, ge=4, le=14)
    """Days a message may wait in the queue."""
    dlq_retention_days: int = Field(default=14, ge=4, le=14)
    """Days a message stays in the dead-letter queue."""
    visibility_timeout_seconds: int | None = Field(default=None, ge=30, le=43_200)
    """Seconds a received message stays hidden from other receivers; None makes it the least that the worker needs."""
    max_receive_count: int = Field(default=5, ge=5, le=1000)
    """Receives after which SQS moves a message to the dead-letter queue; below 5, throttling alone can do it."""
    depth_alarm_messages: int = Field(ge=1, le=1_000_000)
    """Waiting messages from which on the queue counts as backing up."""


class CacheConfig(Section):
    """A Valkey or Redis cache, encrypted in transit and at rest, behind a token."""

    engine: Literal["valkey", "redis"] = "valkey"
    """Valkey is the open continuation of Redis and the cheaper of the two on AWS."""
    engine_version: str = Field(default="8.0", pattern=r"^\d\.\d$")
    """Version, major and minor."""
    node_type: InstanceType | None = None
    """Node type such as `cache.t4g.micro`; None takes the provider's."""
    nodes: int = Field(default=1, ge=1, le=6)
    """1: a single node. More: a primary with replicas in other zones, one of which takes over by itself."""
    snapshot_retention_days: int = Field(default=0, ge=0, le=35)
    """Days daily snapshots are kept; 0 takes none: what is in a cache can be computed again."""


class BrokerConfig(Section):
    """A RabbitMQ broker of Amazon MQ."""

    engine_version: Literal["3.13", "4.2"] = "4.2"
    """RabbitMQ version; Amazon MQ chooses the patch."""
    instance_type: InstanceType | None = None
    """Broker instance type such as `mq.m7g.medium`; None takes the provider's."""
    cluster: bool = False
    """Three nodes in as many zones instead of a single one."""
    backlog_alarm_messages: int = Field(default=1000, ge=1, le=1_000_000)
    """Messages in all queues together from which on consumers count as too slow."""


class SearchConfig(Section):
    """An OpenSearch domain inside the VPC."""

    engine_version: str = Field(default="3.3", pattern=r"^[23]\.\d{1,2}$")
    """OpenSearch version."""
    instance_type: InstanceType = "t3.small.search"
    """Data node type."""
    nodes: int = Field(default=1, ge=1, le=30)
    """Data nodes, spread over as many zones as there are, three at most."""
    volume_gib: int = Field(default=10, ge=10, le=16_384)
    """EBS volume of each data node."""


class BucketConfig(Section):
    """A private, versioned, encrypted bucket."""

    expire_days: int | None = Field(default=None, ge=1, le=3650)
    """Days after which objects are deleted; None keeps them."""
    noncurrent_days: int = Field(default=30, ge=1, le=3650)
    """Days a replaced or deleted version stays restorable."""
    infrequent_access_days: int | None = Field(default=None, ge=30, le=3650)
    """Days after which objects move to Infrequent Access; None leaves them."""


class StorageConfig(Section):
    """The system's buckets."""

    buckets: dict[Key, BucketConfig] = Field(min_length=1)
    """By the name that services use them under."""
