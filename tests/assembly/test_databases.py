"""Figures of databases: what a setting changes about them."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds

from assembly.recovery.figures import Failure, Targets
from assembly.recovery.report import compute
from assembly.templates import Assembly
from tests.assembly.assemblies import ENVIRONMENT, only, resources, synthesized

TARGETS = Targets(rto_seconds=3600, rpo_seconds=300)
CLUSTER = {"Type": "AWS::RDS::DBCluster", "Engine": "aurora-postgresql", "BackupRetentionPeriod": 7}
INSTANCE = {"Type": "AWS::RDS::DBInstance", "Engine": "postgres", "BackupRetentionPeriod": 7}


def member(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::RDS::DBInstance", "DBClusterIdentifier": {"Ref": "Cluster"}, **properties}


def aurora(folder: Path, *members: dict[str, Any], **changes: Any) -> Assembly:
    named = {f"Member{number}": each for number, each in enumerate(members)}
    return resources(folder, Cluster={**CLUSTER, **changes}, **named)


def seconds(assembly: Assembly, failure: Failure) -> tuple[float | None, float | None]:
    row = only(assembly, failure)
    return row.rto.seconds, row.rpo.seconds


def test_a_reader_takes_over_in_a_minute(tmp_path: Path) -> None:
    assembly = aurora(tmp_path, member(), member())
    assert seconds(assembly, Failure.INSTANCE) == (60, 0)
    assert seconds(assembly, Failure.ZONE) == (60, 0)


def test_a_single_writer_is_made_anew(tmp_path: Path) -> None:
    assembly = aurora(tmp_path, member())
    assert seconds(assembly, Failure.INSTANCE) == (600, 0)
    # In another zone, by hand.
    assert seconds(assembly, Failure.ZONE) == (900 + 600, 0)
    assert only(assembly, Failure.ZONE).improvement == "a reader in another zone"


def test_a_reader_in_the_same_zone_does_not_survive_its_loss(tmp_path: Path) -> None:
    same = {"AvailabilityZone": "eu-central-1a"}
    assembly = aurora(tmp_path, member(**same), member(**same))
    assert seconds(assembly, Failure.INSTANCE) == (60, 0)
    assert seconds(assembly, Failure.ZONE) == (1500, 0)


def test_readers_in_zones_that_are_named_apart_do(tmp_path: Path) -> None:
    assembly = aurora(tmp_path, member(AvailabilityZone="eu-central-1a"), member(AvailabilityZone="eu-central-1b"))
    assert seconds(assembly, Failure.ZONE) == (60, 0)


def test_an_instance_of_another_cluster_is_no_reader(tmp_path: Path) -> None:
    other = {"Type": "AWS::RDS::DBInstance", "DBClusterIdentifier": {"Ref": "Other"}}
    assembly = resources(tmp_path, Cluster=CLUSTER, Other=CLUSTER, Writer=member(), Foreign=other)
    assert only(assembly, Failure.INSTANCE, "Cluster").rto.seconds == 600


def test_members_of_clusters_are_no_databases_of_their_own(tmp_path: Path) -> None:
    assert {row.kind for row in compute(aurora(tmp_path, member()))} == {"Aurora cluster"}


@pytest.mark.parametrize("base", [CLUSTER, INSTANCE], ids=["aurora", "rds"])
def test_deleted_rows_come_back_to_the_second(tmp_path: Path, base: dict[str, Any]) -> None:
    row = only(resources(tmp_path, Cluster=base), Failure.DELETION)
    assert (row.rto.seconds, row.rpo.seconds) == (15 * 60 + 5 * 60 + 30 * 60, 1)
    assert row.rto.formula == "reaction 15 min + its logs archived 5 min + restore 30 min"
    assert row.meets(TARGETS)


@pytest.mark.parametrize("base", [CLUSTER, INSTANCE], ids=["aurora", "rds"])
def test_rds_keeps_a_day_where_the_template_says_nothing(tmp_path: Path, base: dict[str, Any]) -> None:
    without = {name: value for name, value in base.items() if name != "BackupRetentionPeriod"}
    assert only(resources(tmp_path, Cluster=without), Failure.DELETION).rpo.seconds == 1


def test_without_backups_everything_is_lost(tmp_path: Path) -> None:
    row = only(resources(tmp_path, Database={**INSTANCE, "BackupRetentionPeriod": 0}), Failure.DELETION)
    assert (row.rto.seconds, row.rpo.seconds) == (None, None)
    assert "BackupRetentionPeriod" in row.improvement
    assert not row.meets(TARGETS)


@pytest.mark.parametrize("value", [True, "true"])
def test_a_standby_takes_over_in_two_minutes(tmp_path: Path, value: object) -> None:
    assembly = resources(tmp_path, Database={**INSTANCE, "MultiAZ": value})
    assert seconds(assembly, Failure.INSTANCE) == (120, 0)
    assert seconds(assembly, Failure.ZONE) == (120, 0)


def test_a_single_instance_loses_minutes_with_its_zone_and_so_misses_the_target(tmp_path: Path) -> None:
    assembly = resources(tmp_path, Database=INSTANCE)
    assert seconds(assembly, Failure.INSTANCE) == (1800, 0)
    row = only(assembly, Failure.ZONE)
    assert (row.rto.seconds, row.rpo.seconds) == (15 * 60 + 30 * 60, 5 * 60)
    # As much as the target is not below it.
    assert not row.meets(TARGETS)
    assert row.improvement == "MultiAZ"


def test_a_single_instance_without_backups_is_lost_with_its_zone(tmp_path: Path) -> None:
    assembly = resources(tmp_path, Database={**INSTANCE, "BackupRetentionPeriod": 0})
    assert seconds(assembly, Failure.ZONE) == (None, None)


def test_logs_that_go_to_another_region_survive_the_loss_of_theirs(tmp_path: Path) -> None:
    assert seconds(resources(tmp_path / "without", Database=INSTANCE), Failure.REGION) == (None, None)
    replicated = {**INSTANCE, "AutomaticBackupReplicationRegion": "eu-west-1"}
    assert seconds(resources(tmp_path / "with", Database=replicated), Failure.REGION) == (75 * 60, 10 * 60)


def test_databases_as_the_cdk_makes_them() -> None:
    # As the CLI sets it.
    app = cdk.App(context={"aws:cdk:enable-path-metadata": True})
    stack = cdk.Stack(app, "Data", env=ENVIRONMENT, stack_name="shop-data")
    vpc = ec2.Vpc(stack, "Vpc", availability_zones=["eu-central-1a", "eu-central-1b"])
    rds.DatabaseCluster(
        stack,
        "Orders",
        engine=rds.DatabaseClusterEngine.aurora_postgres(version=rds.AuroraPostgresEngineVersion.VER_16_6),
        vpc=vpc,
        writer=rds.ClusterInstance.serverless_v2("Writer"),
        readers=[rds.ClusterInstance.serverless_v2("Reader", scale_with_writer=True)],
    )
    rds.DatabaseInstance(
        stack,
        "Pages",
        engine=rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_16),
        vpc=vpc,
        multi_az=True,
    )
    rows = compute(synthesized(app))
    found = {(row.stack, row.resource, row.failure): row.rto.seconds for row in rows}
    assert found["shop-data", "Orders", Failure.INSTANCE] == 60
    assert found["shop-data", "Pages", Failure.INSTANCE] == 120
    assert len(found) == 8
