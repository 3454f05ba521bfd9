"""Secrets, keys, alarms, dashboards and logs, with quantities computed by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from assembly.cost.statement import Traffic
from tests.assembly.cost.given import charges

ALARM = {"Type": "AWS::CloudWatch::Alarm", "MetricName": "Errors", "Period": 60}


def metric(period: int = 60) -> dict[str, Any]:
    return {"Id": "m", "MetricStat": {"Metric": {"MetricName": "Errors"}, "Period": period, "Stat": "Sum"}}


def test_an_alarm_is_paid_by_metric_also_in_an_expression(tmp_path: Path) -> None:
    math = {"Type": "AWS::CloudWatch::Alarm", "Metrics": [{"Id": "e", "Expression": "m / n"}, metric(), metric(300)]}
    assert charges(tmp_path, Traffic(), Plain=ALARM, Math=math) == {"cloudwatch.alarm.metric_month": 1 + 2}


def test_a_quick_alarm_costs_more(tmp_path: Path) -> None:
    mixed = {"Type": "AWS::CloudWatch::Alarm", "Metrics": [metric(10), metric()]}
    found = charges(tmp_path, Traffic(), Quick={**ALARM, "Period": 10}, Mixed=mixed)
    assert found == {"cloudwatch.alarm.high_resolution_metric_month": 2, "cloudwatch.alarm.metric_month": 1}


def test_alarms_of_alarms_have_a_price_of_their_own(tmp_path: Path) -> None:
    found = charges(tmp_path, Traffic(), All={"Type": "AWS::CloudWatch::CompositeAlarm"})
    assert found == {"cloudwatch.alarm.composite_month": 1}


def test_autoscaling_by_a_target_makes_two_alarms(tmp_path: Path) -> None:
    policy = {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy", "PolicyType": "TargetTrackingScaling"}
    assert charges(tmp_path, Traffic(), Policy=policy) == {"cloudwatch.alarm.metric_month": 2}
    assert charges(tmp_path, Traffic(), Policy={**policy, "PolicyType": "StepScaling"}) == {}


@pytest.mark.parametrize(("count", "price"), [(50, "dashboard_month"), (51, "dashboard.large_month")])
def test_only_small_dashboards_are_within_the_free_ones(count: int, price: str, tmp_path: Path) -> None:
    metrics = [["AWS/SQS", "Depth", "QueueName", f"queue-{number}"] for number in range(count)]
    body = json.dumps(
        {"widgets": [{"properties": {"metrics": metrics, "title": '["A title"]'}}]}, separators=(",", ":")
    )
    # As templates have it: text, with references in between.
    start, end = body[:200], body[200:]
    dashboard = {
        "Type": "AWS::CloudWatch::Dashboard",
        "DashboardBody": {"Fn::Join": ["", [start, {"Ref": "AWS::Region"}, end]]},
    }
    assert charges(tmp_path, Traffic(), Dashboard=dashboard) == {f"cloudwatch.{price}": 1}


GROUP = {"Type": "AWS::Logs::LogGroup", "RetentionInDays": 60}


def test_logs_are_paid_when_they_come_and_while_they_are_kept(tmp_path: Path) -> None:
    found = charges(tmp_path, Traffic(log_gib_per_month=20, custom_metrics=3), Logs=GROUP)
    assert found == pytest.approx(
        {
            "cloudwatch.logs.ingested_gib": 20,
            # Two months of them, compressed to 15 %.
            "cloudwatch.logs.gib_month": 2 * 20 * 0.15,
            "cloudwatch.metric_month": 3,
        }
    )


def test_logs_come_from_what_runs_all_day(tmp_path: Path) -> None:
    options = {"awslogs-group": {"Ref": "Logs"}}
    task = {
        "Type": "AWS::ECS::TaskDefinition",
        "ContainerDefinitions": [{"LogConfiguration": {"LogDriver": "awslogs", "Options": options}}],
    }
    forever = {"Type": "AWS::Logs::LogGroup"}
    found = charges(tmp_path, Traffic(log_gib_per_month=20), Logs=GROUP, Migrations=forever, Task=task)
    # All of it in the group that is kept for two months.
    assert found["cloudwatch.logs.gib_month"] == pytest.approx(2 * 20 * 0.15)


def test_a_workspace_is_paid_by_sample(tmp_path: Path) -> None:
    found = charges(tmp_path, Traffic(prometheus_samples_per_month=1024**3), Workspace={"Type": "AWS::APS::Workspace"})
    # Two bytes a sample, and 150 days of them.
    assert found == pytest.approx({"prometheus.sample": 1024**3, "prometheus.gib_month": 2 * 5})


def test_secrets_and_keys_are_paid_each(tmp_path: Path) -> None:
    secret, key = {"Type": "AWS::SecretsManager::Secret"}, {"Type": "AWS::KMS::Key"}
    found = charges(tmp_path, Traffic(), One=secret, Two=secret, Key=key)
    assert found == {"secretsmanager.secret_month": 2, "kms.key_month": 1}
