"""What AWS Backup adds: who is selected, how often, and what leaves the region."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_backup as backup
from aws_cdk import aws_events as events
from aws_cdk import aws_rds as rds

from assembly.recovery.figures import DAY, HOUR, Failure
from assembly.recovery.plans import coverage
from assembly.recovery.schedule import longest_gap_seconds
from assembly.templates import Assembly, read
from tests.assembly.assemblies import ENVIRONMENT, only, resources, synthesized, write

DATABASE = {"Type": "AWS::RDS::DBInstance", "BackupRetentionPeriod": 0, "Tags": [{"Key": "system", "Value": "shop"}]}
DAILY = {"RuleName": "daily", "ScheduleExpression": "cron(0 3 * * ? *)", "StartWindowMinutes": 60}
ARN = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":rds:eu-central-1:1:db:", {"Ref": "Database"}]]}
FAR = "arn:aws:backup:eu-west-1:123456789012:backup-vault:Default"


def planned(folder: Path, *rules: dict[str, Any], select: dict[str, Any] | None = None) -> Assembly:
    return resources(
        folder,
        Database=DATABASE,
        Plan={"Type": "AWS::Backup::BackupPlan", "BackupPlan": {"BackupPlanRule": list(rules)}},
        Selection={
            "Type": "AWS::Backup::BackupSelection",
            "BackupPlanId": {"Fn::GetAtt": ["Plan", "BackupPlanId"]},
            "BackupSelection": select if select is not None else {"Resources": [ARN]},
        },
    )


def rpo(assembly: Assembly, failure: Failure) -> float | None:
    return only(assembly, failure).rpo.seconds


def test_a_daily_snapshot_is_a_day_and_its_start_window_old_at_most(tmp_path: Path) -> None:
    assembly = planned(tmp_path, DAILY)
    assert rpo(assembly, Failure.DELETION) == DAY + HOUR
    assert only(assembly, Failure.DELETION).rpo.formula == "between two backups 24 h + start window 1 h"


def test_a_rule_may_start_within_eight_hours_where_it_says_nothing(tmp_path: Path) -> None:
    rule = {name: value for name, value in DAILY.items() if name != "StartWindowMinutes"}
    assert rpo(planned(tmp_path, rule), Failure.DELETION) == DAY + 8 * HOUR


def test_a_continuous_backup_restores_to_the_second(tmp_path: Path) -> None:
    assert rpo(planned(tmp_path, {**DAILY, "EnableContinuousBackup": True}), Failure.DELETION) == 1


def test_the_better_of_two_rules_counts(tmp_path: Path) -> None:
    hourly = {**DAILY, "ScheduleExpression": "rate(1 hour)"}
    assert rpo(planned(tmp_path, DAILY, hourly), Failure.DELETION) == 2 * HOUR


def test_a_copy_survives_the_region(tmp_path: Path) -> None:
    assembly = planned(tmp_path, {**DAILY, "CopyActions": [{"DestinationBackupVaultArn": FAR}]})
    row = only(assembly, Failure.REGION)
    # The day, the start window, and the copying.
    assert (row.rto.seconds, row.rpo.seconds) == (75 * 60, DAY + 2 * HOUR)


@pytest.mark.parametrize(
    "vault",
    [
        {"Fn::GetAtt": ["Vault", "BackupVaultArn"]},
        FAR.replace("eu-west-1", "eu-central-1"),
        {"Fn::Sub": "arn:${AWS::Partition}:backup:${AWS::Region}:123456789012:backup-vault:x"},
    ],
)
def test_a_copy_within_the_region_does_not(tmp_path: Path, vault: object) -> None:
    assembly = planned(tmp_path, {**DAILY, "CopyActions": [{"DestinationBackupVaultArn": vault}]})
    assert rpo(assembly, Failure.REGION) is None


@pytest.mark.parametrize(
    ("selection", "selected"),
    [
        ({"Resources": ["*"]}, True),
        ({"Resources": ["*"], "NotResources": [ARN]}, False),
        ({"Resources": [{"Fn::GetAtt": ["Database", "DBInstanceArn"]}]}, True),
        ({"Resources": [{"Ref": "Plan"}]}, False),
        ({"ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "system", "ConditionValue": "shop"}]}, True),
        ({"ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "system", "ConditionValue": "x"}]}, False),
        ({}, False),
    ],
)
def test_who_is_selected(tmp_path: Path, selection: dict[str, Any], *, selected: bool) -> None:
    assert (rpo(planned(tmp_path, DAILY, select=selection), Failure.DELETION) is not None) is selected


@pytest.mark.parametrize(
    "reference",
    [
        {"Fn::GetStackOutput": {"StackName": "shop-data", "OutputName": "Arn", "Region": "eu-central-1"}},
        {"Fn::ImportValue": "shop-data:Arn"},
    ],
)
def test_a_database_of_another_stack_is_selected_through_its_output(tmp_path: Path, reference: object) -> None:
    plan = {"Type": "AWS::Backup::BackupPlan", "Properties": {"BackupPlan": {"BackupPlanRule": [DAILY]}}}
    selection = {
        "Type": "AWS::Backup::BackupSelection",
        "Properties": {"BackupPlanId": {"Ref": "Plan"}, "BackupSelection": {"Resources": [reference]}},
    }
    data = {
        "Resources": {"Database": {"Type": DATABASE["Type"], "Properties": DATABASE}},
        "Outputs": {
            "Arn": {"Value": {"Fn::GetAtt": ["Database", "DBInstanceArn"]}, "Export": {"Name": "shop-data:Arn"}}
        },
    }
    folder = write(tmp_path, data=data, backup={"Resources": {"Plan": plan, "Selection": selection}})
    assert rpo(read(folder), Failure.DELETION) == DAY + HOUR


def test_a_plan_as_the_cdk_makes_it() -> None:
    app = cdk.App()
    data, plans = (cdk.Stack(app, name, env=ENVIRONMENT) for name in ("Data", "Plans"))
    database = rds.CfnDBInstance(data, "Database", engine="postgres", backup_retention_period=0)
    plan = backup.BackupPlan(plans, "Plan", backup_vault=backup.BackupVault(plans, "Vault"))
    plan.add_rule(
        backup.BackupPlanRule(
            schedule_expression=events.Schedule.cron(hour="3", minute="0"),
            start_window=cdk.Duration.hours(1),
            completion_window=cdk.Duration.hours(3),
            copy_actions=[
                backup.BackupPlanCopyActionProps(
                    destination_backup_vault=backup.BackupVault.from_backup_vault_arn(plans, "Far", FAR)
                )
            ],
        )
    )
    arn = data.format_arn(
        service="rds", resource="db", resource_name=database.ref, arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME
    )
    plan.add_selection("Databases", resources=[backup.BackupResource.from_arn(arn)])
    assembly = synthesized(app)
    (found,) = assembly.of_type("AWS::RDS::DBInstance")
    kept = coverage(assembly, found)
    assert not kept.continuous
    assert kept.snapshots is not None
    assert kept.snapshots.seconds == DAY + HOUR
    assert kept.copies is not None
    assert kept.copies.seconds == DAY + 2 * HOUR


@pytest.mark.parametrize(
    ("expression", "hours"),
    [
        ("rate(12 hours)", 12),
        ("rate(1 day)", 24),
        ("rate(30 minutes)", 0.5),
        ("cron(0 3 * * ? *)", 24),
        ("cron(0 5 ? * * *)", 24),
        ("cron(0 0,6,20 * * ? *)", 14),
        ("cron(0 */4 * * ? *)", 4),
        ("cron(0/15 * * * ? *)", 0.25),
        ("cron(0 3 ? * SUN *)", 7 * 24),
        ("cron(0 3 ? * MON-FRI *)", 3 * 24),
        ("cron(0 3,15 ? * 1 *)", 7 * 24 - 12),
        ("cron(0 3 1 * ? *)", 31 * 24),
        ("cron(0 3 1,15 * ? *)", 17 * 24),
        ("cron(0 3 1 1 ? *)", 366 * 24),
    ],
)
def test_the_longest_time_between_two_runs(expression: str, hours: float) -> None:
    assert longest_gap_seconds(expression) == hours * HOUR


@pytest.mark.parametrize("expression", ["", "at(2026-01-01T00:00:00)", "cron(0 25 * * ? *)", "cron(0 3 L * ? *)"])
def test_what_is_not_understood_bounds_nothing(tmp_path: Path, expression: str) -> None:
    assert longest_gap_seconds(expression) is None
    assert rpo(planned(tmp_path, {**DAILY, "ScheduleExpression": expression}), Failure.DELETION) is None
