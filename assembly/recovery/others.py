"""Caches, message brokers and buckets."""

from collections.abc import Iterator
from functools import partial

from assembly.recovery.figures import (
    DAY,
    MINUTE,
    NOTHING_LOST,
    REDEPLOY_SECONDS,
    REPLACEMENT_SECONDS,
    REPLICATION_LAG_SECONDS,
    RESTORE_SECONDS,
    Failure,
    Figure,
    Row,
    gone,
    reaction,
    total,
)
from assembly.recovery.plans import coverage
from assembly.templates import Assembly, Resource

# A replica is promoted within a minute; what had not reached it is lost.
_CACHE = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/AutoFailover.html"
_CACHE_FAILOVER_SECONDS = MINUTE
# A snapshot is taken once a day.
_CACHE_SNAPSHOTS = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups-automatic.html"
# A single broker keeps its messages on a volume of its zone; a cluster has three nodes in as many zones.
_BROKER = "https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rabbitmq-broker-architecture.html"
_BROKER_FAILOVER_SECONDS = MINUTE
_BROKER_CREATION_SECONDS = 30 * MINUTE
# Objects are kept in at least three zones.
_BUCKET = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/DataDurability.html"
_VERSIONS = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html"
_REPLICATION = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html"
_REPLICATION_SECONDS = 15 * MINUTE
_UNDELETE_SECONDS = 15 * MINUTE

_EMPTY = "the cache starts empty"


def rows(assembly: Assembly) -> Iterator[Row]:
    """Every cache, broker and bucket."""
    for kind in ("AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::CacheCluster"):
        for cache in assembly.of_type(kind):
            yield from _cache(cache)
    for broker in assembly.of_type("AWS::AmazonMQ::Broker"):
        yield from _broker(broker)
    for bucket in assembly.of_type("AWS::S3::Bucket"):
        yield from _bucket(assembly, bucket)


def _cache(cache: Resource) -> Iterator[Row]:
    row = partial(Row, kind="cache", stack=cache.stack, resource=cache.path, logical_id=cache.logical_id)
    replicas = cache.type.endswith("ReplicationGroup") and (
        cache.number("NumCacheClusters", 1) > 1 or cache.number("ReplicasPerNodeGroup", 0) > 0
    )
    fails_over = replicas and cache.flag("AutomaticFailoverEnabled")
    failover = total(("failover", _CACHE_FAILOVER_SECONDS)), total(("lag of the replica", REPLICATION_LAG_SECONDS))
    replaced = total(("a new node", REPLACEMENT_SECONDS)), gone(_EMPTY)
    for failure, survives, missing in (
        (Failure.INSTANCE, fails_over, "a replica with AutomaticFailoverEnabled"),
        (Failure.ZONE, fails_over and cache.flag("MultiAZEnabled"), "a replica with MultiAZEnabled"),
    ):
        rto, rpo = failover if survives else replaced
        yield row(failure=failure, rto=rto, rpo=rpo, source=_CACHE, improvement="" if survives else missing)
    kept = cache.number("SnapshotRetentionLimit", 0) > 0
    yield row(
        failure=Failure.DELETION,
        rto=reaction(("restore", RESTORE_SECONDS)) if kept else Figure(0, "it fills again"),
        rpo=Figure(DAY, "one snapshot a day") if kept else gone(_EMPTY),
        source=_CACHE_SNAPSHOTS,
        improvement="keep in it only what the database can give again",
    )


def _broker(broker: Resource) -> Iterator[Row]:
    row = partial(Row, kind="broker", stack=broker.stack, resource=broker.path, logical_id=broker.logical_id)
    if broker.value("DeploymentMode") != "SINGLE_INSTANCE":
        failover = total(("failover", _BROKER_FAILOVER_SECONDS))
        kept = Figure(0, "confirmed messages of quorum queues are on two nodes at least")
        yield row(failure=Failure.INSTANCE, rto=failover, rpo=kept, source=_BROKER)
        yield row(failure=Failure.ZONE, rto=failover, rpo=kept, source=_BROKER)
        return
    cluster = "DeploymentMode CLUSTER_MULTI_AZ"
    yield row(
        failure=Failure.INSTANCE,
        rto=total(("a new host for the volume", REPLACEMENT_SECONDS)),
        rpo=Figure(0, "durable messages are on the volume"),
        source=_BROKER,
        improvement=cluster,
    )
    yield row(
        failure=Failure.ZONE,
        rto=reaction(("a new broker", _BROKER_CREATION_SECONDS)),
        rpo=gone("waiting messages are on a volume of that zone"),
        source=_BROKER,
        improvement=cluster,
    )


def _bucket(assembly: Assembly, bucket: Resource) -> Iterator[Row]:
    row = partial(Row, kind="bucket", stack=bucket.stack, resource=bucket.path, logical_id=bucket.logical_id)
    # No figure but zero: nobody notices.
    away = Figure(0, "objects are in three zones")
    yield row(failure=Failure.ZONE, rto=away, rpo=NOTHING_LOST, source=_BUCKET)
    versioned = (bucket.value("VersioningConfiguration") or {}).get("Status") == "Enabled"
    kept = coverage(assembly, bucket)
    if versioned:
        rto, rpo = reaction(("undeleting", _UNDELETE_SECONDS)), Figure(0, "former versions are kept")
    elif kept.snapshots is not None:
        rto, rpo = reaction(("restore", RESTORE_SECONDS)), kept.snapshots
    else:
        rto, rpo = gone("no version, no backup"), gone("no version, no backup")
    yield row(
        failure=Failure.DELETION, rto=rto, rpo=rpo, source=_VERSIONS, improvement="" if versioned else "versioning"
    )
    timed = any(
        (rule.get("Destination", {}).get("ReplicationTime") or {}).get("Status") == "Enabled"
        for rule in (bucket.value("ReplicationConfiguration") or {}).get("Rules", [])
    )
    missing = "nothing is kept in another region"
    yield row(
        failure=Failure.REGION,
        rto=reaction(("deployment", REDEPLOY_SECONDS)) if timed else gone(missing),
        rpo=total(("replicated within", _REPLICATION_SECONDS)) if timed else gone(missing),
        source=_REPLICATION,
        improvement="" if timed else "replication to another region, with time control",
    )
