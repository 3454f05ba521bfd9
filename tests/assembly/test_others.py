"""Figures of caches, brokers and buckets: what a setting changes about them."""

from pathlib import Path
from typing import Any

import pytest

from assembly.recovery.figures import DAY, Failure
from tests.assembly.assemblies import only, resources

GROUP = {
    "Type": "AWS::ElastiCache::ReplicationGroup",
    "NumCacheClusters": 2,
    "AutomaticFailoverEnabled": True,
    "MultiAZEnabled": True,
}
LOST = (600, None)
SAVED = (60, 10)


def figures(folder: Path, failure: Failure, resource: dict[str, Any]) -> tuple[float | None, float | None]:
    row = only(resources(folder, Resource=resource), failure)
    return row.rto.seconds, row.rpo.seconds


@pytest.mark.parametrize(
    ("changes", "instance", "zone"),
    [
        ({}, SAVED, SAVED),
        ({"MultiAZEnabled": False}, SAVED, LOST),
        ({"AutomaticFailoverEnabled": False}, LOST, LOST),
        ({"NumCacheClusters": 1}, LOST, LOST),
        ({"NumCacheClusters": 1, "ReplicasPerNodeGroup": 1}, SAVED, SAVED),
        ({"Type": "AWS::ElastiCache::CacheCluster", "NumCacheNodes": 1}, LOST, LOST),
    ],
)
def test_only_a_replica_keeps_what_a_cache_holds(
    tmp_path: Path, changes: dict[str, Any], instance: tuple[float, float | None], zone: tuple[float, float | None]
) -> None:
    assert figures(tmp_path / "1", Failure.INSTANCE, {**GROUP, **changes}) == instance
    assert figures(tmp_path / "2", Failure.ZONE, {**GROUP, **changes}) == zone


def test_a_flushed_cache_is_restored_from_the_snapshot_of_the_day(tmp_path: Path) -> None:
    assert figures(tmp_path / "1", Failure.DELETION, GROUP) == (0, None)
    assert figures(tmp_path / "2", Failure.DELETION, {**GROUP, "SnapshotRetentionLimit": 7}) == (45 * 60, DAY)


def test_a_cluster_of_brokers_survives_a_zone(tmp_path: Path) -> None:
    broker = {"Type": "AWS::AmazonMQ::Broker", "DeploymentMode": "CLUSTER_MULTI_AZ"}
    assert figures(tmp_path / "1", Failure.INSTANCE, broker) == (60, 0)
    assert figures(tmp_path / "2", Failure.ZONE, broker) == (60, 0)


def test_a_single_broker_keeps_its_messages_unless_its_zone_is_lost(tmp_path: Path) -> None:
    broker = {"Type": "AWS::AmazonMQ::Broker", "DeploymentMode": "SINGLE_INSTANCE"}
    assert figures(tmp_path / "1", Failure.INSTANCE, broker) == (600, 0)
    assert figures(tmp_path / "2", Failure.ZONE, broker) == (45 * 60, None)


def test_a_bucket_survives_a_zone_unnoticed(tmp_path: Path) -> None:
    assert figures(tmp_path, Failure.ZONE, {"Type": "AWS::S3::Bucket"}) == (0, 0)


def test_versions_undo_a_deletion(tmp_path: Path) -> None:
    bucket = {"Type": "AWS::S3::Bucket"}
    assert figures(tmp_path / "1", Failure.DELETION, bucket) == (None, None)
    versioned = {**bucket, "VersioningConfiguration": {"Status": "Enabled"}}
    assert figures(tmp_path / "2", Failure.DELETION, versioned) == (30 * 60, 0)
    suspended = {**bucket, "VersioningConfiguration": {"Status": "Suspended"}}
    assert figures(tmp_path / "3", Failure.DELETION, suspended) == (None, None)


def test_only_replication_with_time_control_has_a_bound(tmp_path: Path) -> None:
    bucket = {"Type": "AWS::S3::Bucket"}
    rule: dict[str, Any] = {"Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::far"}}
    replicated = {**bucket, "ReplicationConfiguration": {"Rules": [rule]}}
    assert figures(tmp_path / "1", Failure.REGION, replicated) == (None, None)
    rule["Destination"]["ReplicationTime"] = {"Status": "Enabled", "Time": {"Minutes": 15}}
    assert figures(tmp_path / "2", Failure.REGION, replicated) == (45 * 60, 15 * 60)
