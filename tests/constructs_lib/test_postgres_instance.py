"""Decisions of the RDS instance."""

from collections.abc import Mapping
from typing import Any

import pytest
from aws_cdk import assertions

from config.model import InstanceConfig, Lifecycle
from constructs_lib.postgres_instance import PostgresInstance
from constructs_lib.providers import AWS, LOCAL, Provider
from tests.support.given import template_of, topic, vpc

GIB = 1024**3
GIVEN = InstanceConfig(name="orders", schema_name="tickets", engine_version="18.3", backup_retention_days=7)


def postgres(
    lifecycle: Lifecycle = Lifecycle.DESTROY,
    *,
    provider: Provider = LOCAL,
    alarms: bool = False,
    copy_region: str | None = None,
    **changes: Any,
) -> assertions.Template:
    return template_of(
        lambda stack: PostgresInstance(
            stack,
            "Orders",
            vpc=vpc(stack),
            config=GIVEN.model_copy(update=changes),
            lifecycle=lifecycle,
            provider=provider,
            alarm_topic=topic(stack) if alarms else None,
            copy_region=copy_region,
        )
    )


def instance(template: assertions.Template) -> Mapping[str, Any]:
    (found,) = template.find_resources("AWS::RDS::DBInstance").values()
    return found


def properties(template: assertions.Template) -> Mapping[str, Any]:
    found: Mapping[str, Any] = instance(template)["Properties"]
    return found


def alarm(template: assertions.Template, metric: str) -> Mapping[str, Any]:
    every = [each["Properties"] for each in template.find_resources("AWS::CloudWatch::Alarm").values()]
    found: Mapping[str, Any] = next(each for each in every if each["MetricName"] == metric)
    return found


def test_it_is_what_the_configuration_says() -> None:
    found = properties(postgres(port=6543, storage_gib=40, max_storage_gib=200, backup_retention_days=30))
    assert (found["Engine"], found["EngineVersion"], found["DBName"]) == ("postgres", "18.3", "orders")
    assert (found["Port"], found["BackupRetentionPeriod"]) == ("6543", 30)
    assert (found["AllocatedStorage"], found["MaxAllocatedStorage"], found["StorageType"]) == ("40", 200, "gp3")


@pytest.mark.parametrize(
    ("provider", "configured", "expected"),
    [(AWS, None, "db.t3.medium"), (LOCAL, None, "db.t3.micro"), (AWS, "db.m7g.large", "db.m7g.large")],
)
def test_the_provider_chooses_the_class_where_the_configuration_does_not(
    provider: Provider, configured: str | None, expected: str
) -> None:
    assert properties(postgres(provider=provider, instance_type=configured))["DBInstanceClass"] == expected


@pytest.mark.parametrize("multi_az", [True, False])
def test_a_standby_waits_in_another_zone_where_asked_for(multi_az: bool) -> None:
    assert properties(postgres(multi_az=multi_az))["MultiAZ"] is multi_az


def test_password_is_made_and_rotated_by_rds() -> None:
    """A password in the template would be known to everyone who can read the stack."""
    found = properties(postgres())
    assert found["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in found


def test_stored_and_sent_encrypted() -> None:
    template = postgres()
    assert properties(template)["StorageEncrypted"] is True
    (parameters,) = template.find_resources("AWS::RDS::DBParameterGroup").values()
    assert parameters["Properties"]["Parameters"] == {"rds.force_ssl": "1"}
    assert parameters["Properties"]["Family"] == "postgres18"


def test_data_stands_where_no_route_leads_out() -> None:
    """In a private subnet, a compromised server could call home."""
    template = postgres()
    (group,) = template.find_resources("AWS::RDS::DBSubnetGroup").values()
    assert all("Isolated" in str(subnet) for subnet in group["Properties"]["SubnetIds"])
    assert properties(template)["PubliclyAccessible"] is False


def test_nobody_gets_in_unasked() -> None:
    """Rules are made by consumers; one made here would let in whoever it names for as long as the database lives."""
    template = postgres()
    (group,) = template.find_resources("AWS::EC2::SecurityGroup").values()
    assert "SecurityGroupIngress" not in group["Properties"]
    template.resource_count_is("AWS::EC2::SecurityGroupIngress", 0)


@pytest.mark.parametrize(
    ("lifecycle", "protected", "policy"),
    [
        (Lifecycle.DESTROY, False, "Delete"),
        (Lifecycle.SNAPSHOT, True, "Snapshot"),
        (Lifecycle.RETAIN, True, "Retain"),
    ],
)
def test_lifecycle_decides_what_becomes_of_the_data(lifecycle: Lifecycle, protected: bool, policy: str) -> None:
    found = instance(postgres(lifecycle))
    assert found["Properties"]["DeletionProtection"] is protected
    assert found["Properties"]["DeleteAutomatedBackups"] is not protected
    assert found["DeletionPolicy"] == found["UpdateReplacePolicy"] == policy


def test_backups_are_copied_to_another_region_under_a_key_of_that_region() -> None:
    """RDS refuses to copy encrypted backups without a key of the region they are copied to."""
    found = properties(postgres(copy_region="us-west-2"))
    assert found["AutomaticBackupReplicationRegion"] == "us-west-2"
    key = "".join(str(part) for part in found["AutomaticBackupReplicationKmsKeyId"]["Fn::Join"][1])
    assert ":kms:us-west-2:" in key
    assert key.endswith(":alias/aws/rds")


def test_backups_stay_in_their_region_unless_asked_for() -> None:
    assert not [name for name in properties(postgres()) if name.startswith("AutomaticBackupReplication")]


def test_someone_is_told_before_connections_run_out() -> None:
    """Four fifths of 400, which is what a db.t3.medium takes: at the limit itself, it is too late."""
    found = alarm(postgres(provider=AWS, alarms=True), "DatabaseConnections")
    assert (found["Threshold"], found["Statistic"]) == (320, "Maximum")
    assert found["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert found["Dimensions"][0]["Name"] == "DBInstanceIdentifier"


def test_someone_is_told_when_the_storage_cannot_grow_any_more() -> None:
    """RDS extends it after five minutes at a tenth; an alarm that is faster would tell of every extension."""
    found = alarm(postgres(alarms=True, storage_gib=40), "FreeStorageSpace")
    assert found["Threshold"] == 4 * GIB
    assert (found["ComparisonOperator"], found["Statistic"]) == ("LessThanOrEqualToThreshold", "Minimum")
    assert found["EvaluationPeriods"] * found["Period"] > 5 * 60


def test_it_has_two_alarms_or_none() -> None:
    postgres(alarms=True).resource_count_is("AWS::CloudWatch::Alarm", 2)
    postgres().resource_count_is("AWS::CloudWatch::Alarm", 0)


def test_windows_are_those_of_the_configuration() -> None:
    found = properties(postgres(backup_window_utc="02:00-03:00", maintenance_window_utc="sun:04:00-sun:05:00"))
    assert found["PreferredBackupWindow"] == "02:00-03:00"
    assert found["PreferredMaintenanceWindow"] == "sun:04:00-sun:05:00"
