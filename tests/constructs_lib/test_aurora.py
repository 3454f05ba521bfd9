"""Decisions of the Aurora cluster."""

from collections.abc import Mapping
from typing import Any

import pytest
from aws_cdk import assertions

from config.load import load
from config.model import AuroraConfig, Lifecycle
from constructs_lib.aurora import AuroraPostgres
from tests.support.given import template_of, topic, vpc
from tests.support.synth import overrides_for


def configured(environment: str = "dev", **changes: Any) -> AuroraConfig:
    it = load("notifications", environment, overrides_for("notifications", environment)).databases["notifications"]
    assert isinstance(it, AuroraConfig)
    return it.model_copy(update=changes)


def postgres(
    environment: str = "dev", lifecycle: Lifecycle = Lifecycle.DESTROY, *, alarms: bool = False, **changes: Any
) -> assertions.Template:
    return template_of(
        lambda stack: AuroraPostgres(
            stack,
            "Postgres",
            vpc=vpc(stack),
            config=configured(environment, **changes),
            lifecycle=lifecycle,
            alarm_topic=topic(stack) if alarms else None,
        )
    )


def cluster(template: assertions.Template) -> Mapping[str, Any]:
    (found,) = template.find_resources("AWS::RDS::DBCluster").values()
    return found


@pytest.mark.parametrize(("environment", "minimum", "maximum"), [("dev", 0, 2), ("staging", 0.5, 4), ("prod", 1, 8)])
def test_capacity_scales_between_floor_and_ceiling(environment: str, minimum: float, maximum: float) -> None:
    scaling = cluster(postgres(environment))["Properties"]["ServerlessV2ScalingConfiguration"]
    assert (scaling["MinCapacity"], scaling["MaxCapacity"]) == (minimum, maximum)


def test_idle_dev_pauses() -> None:
    scaling = cluster(postgres("dev"))["Properties"]["ServerlessV2ScalingConfiguration"]
    assert scaling["SecondsUntilAutoPause"] == 600


def test_password_is_made_and_rotated_by_rds() -> None:
    """A password in the template would be known to everyone who can read the stack."""
    properties = cluster(postgres())["Properties"]
    assert properties["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in properties


def test_stored_and_sent_encrypted() -> None:
    template = postgres()
    assert cluster(template)["Properties"]["StorageEncrypted"] is True
    template.has_resource_properties("AWS::RDS::DBClusterParameterGroup", {"Parameters": {"rds.force_ssl": "1"}})


def test_writer_and_its_successor_are_in_different_zones() -> None:
    """In one zone, both are gone with it."""
    template = postgres("prod", readers=3)
    zones = [
        str(instance["Properties"]["AvailabilityZone"])
        for instance in template.find_resources("AWS::RDS::DBInstance").values()
    ]
    assert len(zones) == 4
    assert len(set(zones)) == 3


def test_nobody_gets_in_unasked() -> None:
    """Rules are made by consumers; one made here would let in whoever it names for as long as the database lives."""
    template = postgres()
    for group in template.find_resources("AWS::EC2::SecurityGroup").values():
        assert "SecurityGroupIngress" not in group["Properties"]
    template.resource_count_is("AWS::EC2::SecurityGroupIngress", 0)


def test_a_reader_is_ready_to_take_over_from_the_writer() -> None:
    """A reader that does not scale with the writer is too small at the very moment it is needed."""
    template = postgres("prod")
    instances = template.find_resources("AWS::RDS::DBInstance")
    assert sorted(instance["Properties"].get("PromotionTier") for instance in instances.values()) == [0, 1]
    for instance in instances.values():
        assert instance["Properties"]["DBInstanceClass"] == "db.serverless"
        assert instance["Properties"]["PubliclyAccessible"] is False


@pytest.mark.parametrize(
    ("lifecycle", "protected", "policy"),
    [
        (Lifecycle.DESTROY, False, "Delete"),
        (Lifecycle.SNAPSHOT, True, "Snapshot"),
        (Lifecycle.RETAIN, True, "Retain"),
    ],
)
def test_lifecycle_decides_what_becomes_of_the_data(lifecycle: Lifecycle, protected: bool, policy: str) -> None:
    found = cluster(postgres(lifecycle=lifecycle))
    assert found["Properties"]["DeletionProtection"] is protected
    assert found["Properties"]["DeleteAutomatedBackups"] is not protected
    assert found["DeletionPolicy"] == found["UpdateReplacePolicy"] == policy


def test_backups_reach_back_as_far_as_configured() -> None:
    assert cluster(postgres("prod"))["Properties"]["BackupRetentionPeriod"] == 14


def test_data_stands_where_no_route_leads_out() -> None:
    """In a private subnet, a compromised server could call home."""
    (group,) = postgres().find_resources("AWS::RDS::DBSubnetGroup").values()
    assert all("Isolated" in str(subnet) for subnet in group["Properties"]["SubnetIds"])


def test_someone_is_told_before_connections_run_out() -> None:
    """Four fifths of 400, which is what AWS gives a cluster of 2 ACU: at the limit itself, it is too late."""
    (alarm,) = postgres(alarms=True).find_resources("AWS::CloudWatch::Alarm").values()
    properties = alarm["Properties"]
    assert (properties["MetricName"], properties["Threshold"]) == ("DatabaseConnections", 320)
    assert (properties["Statistic"], properties["Period"]) == ("Maximum", 60)
    assert properties["Dimensions"][0]["Name"] == "DBClusterIdentifier"
    assert len(properties["AlarmActions"]) == 1


def test_without_a_topic_there_is_no_alarm() -> None:
    """One that tells nobody is paid for all the same."""
    postgres().resource_count_is("AWS::CloudWatch::Alarm", 0)


def test_windows_are_those_of_the_configuration() -> None:
    properties = cluster(postgres(backup_window_utc="02:00-03:00", maintenance_window_utc="sun:04:00-sun:05:00"))[
        "Properties"
    ]
    assert properties["PreferredBackupWindow"] == "02:00-03:00"
    assert properties["PreferredMaintenanceWindow"] == "sun:04:00-sun:05:00"
