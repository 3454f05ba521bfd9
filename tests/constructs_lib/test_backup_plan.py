"""Decisions of the backup plan."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from aws_cdk import assertions

from config.model import BackupConfig, Lifecycle
from constructs_lib.backup_plan import DailyBackups
from stacks.base import GroundworkStack
from stacks.compose import new_app
from tests.support.given import template_of, topic
from tests.support.synth import cdk_context

ARNS = tuple(f"arn:aws:rds:eu-central-1:123456789012:db:{name}" for name in ("orders", "users"))


def backups(lifecycle: Lifecycle = Lifecycle.RETAIN, *, alarms: bool = False, **given: Any) -> assertions.Template:
    return template_of(
        lambda stack: DailyBackups(
            stack,
            "Backups",
            config=BackupConfig(**given),
            resource_arns=ARNS,
            keys=(),
            lifecycle=lifecycle,
            alarm_topic=topic(stack) if alarms else None,
        )
    )


def names(stack_name: str) -> tuple[str, str]:
    """The names of vault and plan in a stack of that name."""
    stack = GroundworkStack(new_app(cdk_context()), "Backup", stack_name=stack_name)
    DailyBackups(
        stack,
        "Backups",
        config=BackupConfig(),
        resource_arns=ARNS,
        keys=(),
        lifecycle=Lifecycle.RETAIN,
        alarm_topic=None,
    )
    template = assertions.Template.from_stack(stack)
    (plan,) = template.find_resources("AWS::Backup::BackupPlan").values()
    return vault(template)["Properties"]["BackupVaultName"], plan["Properties"]["BackupPlan"]["BackupPlanName"]


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


def test_systems_side_by_side_have_vaults_and_plans_of_their_own() -> None:
    """AWS refuses a second vault of a name in an account and region, and with it the whole stack."""
    one, other = names("webapp-prod-backup"), names("platform-prod-backup")
    assert not set(one) & set(other)
    for name in (*one, *other, *names(f"{'long' * 20}-prod-backup")):
        assert re.fullmatch("[a-zA-Z0-9_-]{2,50}", name)


def test_any_point_in_time_can_be_restored() -> None:
    """From daily backups alone, up to a day of work is lost."""
    assert rule(backups())["EnableContinuousBackup"] is True


def test_exactly_the_given_resources_are_backed_up() -> None:
    """A selection by tags loses a database whose tags somebody changes."""
    (selection,) = backups().find_resources("AWS::Backup::BackupSelection").values()
    found = selection["Properties"]["BackupSelection"]
    assert found["Resources"] == list(ARNS)
    assert "ListOfTags" not in found


def test_the_role_that_backs_up_cannot_restore_nor_touch_anything_else() -> None:
    """What AWS's own policy adds to it is for services that are not here."""
    template = backups()
    (role,) = template.find_resources("AWS::IAM::Role").values()
    assert "ManagedPolicyArns" not in role["Properties"]
    (policy,) = template.find_resources("AWS::IAM::Policy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    actions = {
        action
        for each in statements
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }
    assert not [action for action in actions if "Restore" in action or action.partition(":")[2] == "DeleteDBInstance"]
    assert {action.partition(":")[0] for action in actions} == {"rds", "backup", "tag"}
    modifying = [each["Resource"] for each in statements if "rds:ModifyDBInstance" in each["Action"]]
    assert modifying == [list(ARNS)]
    # AWS Backup looks around before it has a name: under an ARN, it would be refused. It changes nothing by that.
    (anywhere,) = (each["Action"] for each in statements if each["Resource"] == "*")
    looking = {action for action in actions if re.match("rds:(Describe|List)|tag:Get", action)}
    assert set(anywhere) == looking
    assert len(looking) == 8


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
    # It has a name: left behind by a first deployment that fails, it would have the next one refused.
    assert found["DeletionPolicy"] == policy.replace("Retain", "RetainExceptOnCreate")
    assert found["UpdateReplacePolicy"] == policy
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


def test_someone_is_told_when_a_copy_fails() -> None:
    """The backups at home are well meanwhile, and the copy is missed on the day that home is lost."""
    template = backups(alarms=True, copy_region="us-west-2")
    alarms = [alarm["Properties"] for alarm in template.find_resources("AWS::CloudWatch::Alarm").values()]
    assert sorted(alarm["MetricName"] for alarm in alarms) == ["NumberOfBackupJobsFailed", "NumberOfCopyJobsFailed"]
    (name,) = template.find_resources("AWS::Backup::BackupVault")
    for alarm in alarms:
        assert (alarm["Namespace"], alarm["Threshold"], alarm["Statistic"]) == ("AWS/Backup", 1, "Sum")
        assert alarm["Dimensions"] == [{"Name": "BackupVaultName", "Value": {"Fn::GetAtt": [name, "BackupVaultName"]}}]


def test_without_a_topic_there_is_no_alarm() -> None:
    backups().resource_count_is("AWS::CloudWatch::Alarm", 0)
