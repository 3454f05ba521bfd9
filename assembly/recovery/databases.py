"""Aurora clusters and RDS instances."""

from collections.abc import Iterator
from functools import partial

from assembly.recovery.figures import (
    LOG_COPY_SECONDS,
    LOG_INTERVAL_SECONDS,
    MINUTE,
    NOTHING_LOST,
    REDEPLOY_SECONDS,
    REPLICATION_LAG_SECONDS,
    RESTORE_SECONDS,
    SECOND,
    Failure,
    Figure,
    Row,
    gone,
    reaction,
    total,
)
from assembly.recovery.plans import Coverage, coverage
from assembly.templates import Assembly, Resource

_AURORA = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide"
_RDS = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide"

# A reader takes over in less than a minute, often in half of it; without one, the writer is made anew within ten.
_AURORA_AVAILABILITY = f"{_AURORA}/Concepts.AuroraHighAvailability.html"
_AURORA_FAILOVER_SECONDS = MINUTE
_AURORA_RECREATION_SECONDS = 10 * MINUTE
# Any second up to some five minutes ago.
_AURORA_RESTORE = f"{_AURORA}/aurora-pitr.html"
# The standby takes over within 60 to 120 seconds, with everything that was committed.
_RDS_FAILOVER = f"{_RDS}/Concepts.MultiAZ.Failover.html"
_RDS_FAILOVER_SECONDS = 2 * MINUTE
# The host is replaced, the volume stays; mostly done in less than half an hour.
_RDS_HOST = "https://aws.amazon.com/blogs/database/amazon-rds-under-the-hood-single-az-instance-recovery/"
_RDS_HOST_SECONDS = 30 * MINUTE
_RDS_RESTORE = f"{_RDS}/USER_PIT.html"
_RDS_REPLICATION = f"{_RDS}/USER_ReplicateBackups.html"

# What RDS does where a template says nothing.
_DEFAULT_RETENTION_DAYS = 1

_ADD_READER = "a reader in another zone"
_ADD_STANDBY = "MultiAZ"
_KEEP_BACKUPS = "BackupRetentionPeriod of a week or more"


def rows(assembly: Assembly) -> Iterator[Row]:
    """Every cluster and every instance that belongs to none."""
    for cluster in assembly.of_type("AWS::RDS::DBCluster"):
        yield from _cluster(assembly, cluster)
    for instance in assembly.of_type("AWS::RDS::DBInstance"):
        if instance.value("DBClusterIdentifier") is None:
            yield from _instance(assembly, instance)


def _cluster(assembly: Assembly, cluster: Resource) -> Iterator[Row]:
    row = partial(Row, kind="Aurora cluster", stack=cluster.stack, resource=cluster.path, logical_id=cluster.logical_id)
    members = [
        each
        for each in assembly.of_type("AWS::RDS::DBInstance")
        if cluster in assembly.referenced(each.value("DBClusterIdentifier"), each.stack)
    ]
    # One that names no zone is placed by Aurora, apart from the others.
    zones = [str(each.value("AvailabilityZone", each.logical_id)) for each in members]
    failover = total(("failover", _AURORA_FAILOVER_SECONDS))
    has_reader, spread = len(members) > 1, len(set(zones)) > 1
    yield row(
        failure=Failure.INSTANCE,
        rto=failover if has_reader else total(("a new writer", _AURORA_RECREATION_SECONDS)),
        rpo=NOTHING_LOST,
        source=_AURORA_AVAILABILITY,
        improvement="" if has_reader else _ADD_READER,
    )
    yield row(
        failure=Failure.ZONE,
        # The storage is in three zones in any case; a single writer has to be made in another one by hand.
        rto=failover if spread else reaction(("a new writer", _AURORA_RECREATION_SECONDS)),
        rpo=NOTHING_LOST,
        source=_AURORA_AVAILABILITY,
        improvement="" if spread else _ADD_READER,
    )
    kept = coverage(assembly, cluster)
    restorable = cluster.number("BackupRetentionPeriod", _DEFAULT_RETENTION_DAYS) > 0 or kept.continuous
    rto, rpo = _after_deletion(restorable=restorable, kept=kept)
    yield row(
        failure=Failure.DELETION,
        rto=rto,
        rpo=rpo,
        source=_AURORA_RESTORE,
        improvement="" if restorable else _KEEP_BACKUPS,
    )
    rto, rpo = _elsewhere(kept)
    improvement = "an Aurora global database: a second behind, minutes to switch over"
    yield row(failure=Failure.REGION, rto=rto, rpo=rpo, source=_AURORA_RESTORE, improvement=improvement)


def _instance(assembly: Assembly, instance: Resource) -> Iterator[Row]:
    row = partial(
        Row, kind="RDS instance", stack=instance.stack, resource=instance.path, logical_id=instance.logical_id
    )
    kept = coverage(assembly, instance)
    retained = instance.number("BackupRetentionPeriod", _DEFAULT_RETENTION_DAYS) > 0
    restorable = retained or kept.continuous
    if instance.flag("MultiAZ"):
        failover = total(("failover", _RDS_FAILOVER_SECONDS))
        yield row(failure=Failure.INSTANCE, rto=failover, rpo=NOTHING_LOST, source=_RDS_FAILOVER)
        yield row(failure=Failure.ZONE, rto=failover, rpo=NOTHING_LOST, source=_RDS_FAILOVER)
    else:
        rto = total(("a new host for the volume", _RDS_HOST_SECONDS))
        yield row(failure=Failure.INSTANCE, rto=rto, rpo=NOTHING_LOST, source=_RDS_HOST, improvement=_ADD_STANDBY)
        rto, rpo = _after_deletion(restorable=restorable, kept=kept)
        if restorable:
            # The volume is out of reach, and with it what was not in the log archive yet.
            rto = reaction(("restore", RESTORE_SECONDS))
            rpo = total(("logs are archived every", LOG_INTERVAL_SECONDS))
        yield row(failure=Failure.ZONE, rto=rto, rpo=rpo, source=_RDS_RESTORE, improvement=_ADD_STANDBY)
    rto, rpo = _after_deletion(restorable=restorable, kept=kept)
    yield row(
        failure=Failure.DELETION,
        rto=rto,
        rpo=rpo,
        source=_RDS_RESTORE,
        improvement="" if restorable else _KEEP_BACKUPS,
    )
    rto, rpo = _elsewhere(kept)
    replicated = instance.value("AutomaticBackupReplicationRegion") is not None and retained
    if replicated:
        rto = reaction(("restore", RESTORE_SECONDS), ("deployment", REDEPLOY_SECONDS))
        rpo = total(("logs are archived every", LOG_INTERVAL_SECONDS), ("copied within", LOG_COPY_SECONDS))
    yield row(
        failure=Failure.REGION,
        rto=rto,
        rpo=rpo,
        source=_RDS_REPLICATION,
        improvement=f"a read replica in another region: some {REPLICATION_LAG_SECONDS} s behind, minutes to promote"
        if replicated
        else "AutomaticBackupReplicationRegion, or a read replica in another region",
    )


def _after_deletion(*, restorable: bool, kept: Coverage) -> tuple[Figure, Figure]:
    """By a restore to the moment before, or from the newest snapshot, or not at all."""
    if restorable:
        waited = ("its logs archived", LOG_INTERVAL_SECONDS)
        return reaction(waited, ("restore", RESTORE_SECONDS)), total(("restored to the second before", SECOND))
    if kept.snapshots is not None:
        return reaction(("restore", RESTORE_SECONDS)), kept.snapshots
    return gone("no backup"), gone("no backup")


def _elsewhere(kept: Coverage) -> tuple[Figure, Figure]:
    """By what AWS Backup has copied to another region."""
    if kept.copies is None:
        return gone("nothing is kept in another region"), gone("nothing is kept in another region")
    return reaction(("restore", RESTORE_SECONDS), ("deployment", REDEPLOY_SECONDS)), kept.copies
