"""Decisions of the backup plan."""

from collections.abc import Mapping
from typing import Any

import pytest
from aws_cdk import assertions

from config.model import BackupConfig, Lifecycle
from constructs_lib.backup_plan import DailyBackups
from tests.support.given import template_of, topic

ARNS = tuple(f"arn:aws:rds:eu-central-1:123456789012:db:{name}" for name in ("orders", "users"))


def backups(lifecycle: Lifecycle = Lifecycle.RETAIN, *, alarms: bool = False, **given: Any) -> assertions.Template:
    return template_of(
        lambda stack: DailyBackups(
            stack,
            "Backups",
            config=BackupConfig(**given),
            resource_arns=ARNS,
            lifecycle=lifecycle,
            alarm_topic=topic(stack) if alarms else None,
        )
    )


def rule(template: assertions.Template) -> Mapping[str, Any]:
    (plan,) = template.find_resources("AWS::Backup::BackupPlan").values()
    (found,) = plan["Properties"]["BackupPlan"]["BackupPlanRule"]
    made: Mapping[str, Any] = found
    return made


def vault(template: assertions.Template) -> Mapping[str, Any]:
    (found,) = template.find_resources("AWS::Backup::BackupVault").values()
    return found


def test_a_backup_every_day_kept_as_long_as_configured() -> None:
    template = backups(hour_utc=4, retention_days=21)
    found = rule(template)
    assert found["ScheduleExpression"] == "cron(0 4 * * ? *)"
    assert found["Lifecycle"] == {"DeleteAfterDays": 21}
    (name,) = template.find_resources("AWS::Backup::BackupVault")
    assert found["TargetBackupVault"] == {"Fn::GetAtt": [name, "BackupVaultName"]}


def test_any_point_in_time_can_be_restored() -> None:
    """From daily backups alone, up to a day of work is lost."""
    assert rule(backups())["EnableContinuousBackup"] is True


def test_exactly_the_given_resources_are_backed_up() -> None:
    """A selection by tags loses a database whose tags somebody changes."""
    (selection,) = backups().find_resources("AWS::Backup::BackupSelection").values()
    found = selection["Properties"]["BackupSelection"]
    assert found["Resources"] == list(ARNS)
    assert "ListOfTags" not in found


def test_the_role_that_backs_up_cannot_restore() -> None:
    (role,) = backups().find_resources("AWS::IAM::Role").values()
    policies = [str(policy) for policy in role["Properties"]["ManagedPolicyArns"]]
    assert len(policies) == 1
    assert "AWSBackupServiceRolePolicyForBackup" in policies[0]


def test_copies_go_to_another_region_and_stay_as_long() -> None:
    (copy,) = rule(backups(copy_region="us-west-2", retention_days=21))["CopyActions"]
    assert copy["Lifecycle"] == {"DeleteAfterDays": 21}
    arn = "".join(str(part) for part in copy["DestinationBackupVaultArn"]["Fn::Join"][1])
    assert ":backup:us-west-2:" in arn
    assert arn.endswith(":backup-vault:Default")


def test_nothing_is_copied_unless_asked_for() -> None:
    assert "CopyActions" not in rule(backups())


@pytest.mark.parametrize(
    ("lifecycle", "policy", "locked"),
    [(Lifecycle.DESTROY, "Delete", False), (Lifecycle.SNAPSHOT, "Retain", True), (Lifecycle.RETAIN, "Retain", True)],
)
def test_lifecycle_locks_the_vault(lifecycle: Lifecycle, policy: str, locked: bool) -> None:
    """Who can delete the databases could delete their backups as well."""
    found = vault(backups(lifecycle))
    assert found["DeletionPolicy"] == found["UpdateReplacePolicy"] == policy
    statements = found["Properties"].get("AccessPolicy", {}).get("Statement", [])
    denied = [action for one in statements if one["Effect"] == "Deny" for action in one["Action"]]
    assert ("backup:DeleteRecoveryPoint" in denied) is locked


def test_someone_is_told_when_a_backup_fails() -> None:
    template = backups(alarms=True)
    (alarm,) = template.find_resources("AWS::CloudWatch::Alarm").values()
    found = alarm["Properties"]
    assert (found["Namespace"], found["MetricName"]) == ("AWS/Backup", "NumberOfBackupJobsFailed")
    assert (found["Threshold"], found["Statistic"]) == (1, "Sum")
    (name,) = template.find_resources("AWS::Backup::BackupVault")
    assert found["Dimensions"] == [{"Name": "BackupVaultName", "Value": {"Fn::GetAtt": [name, "BackupVaultName"]}}]


def test_without_a_topic_there_is_no_alarm() -> None:
    backups().resource_count_is("AWS::CloudWatch::Alarm", 0)
