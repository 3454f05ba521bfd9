import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.emulator.cloud import Cloud

METRIC = {"Namespace": "T", "MetricName": "Errors", "Period": 60, "Statistic": "Sum"}
QUERY = {"Id": "m", "MetricStat": {"Metric": {"Namespace": "T", "MetricName": "Errors"}, "Period": 60, "Stat": "Sum"}}
METRICS = {"Metrics": [{"Id": "rate", "Expression": "100 * m"}, QUERY | {"ReturnData": False}]}


def alarm(properties: dict[str, Any], threshold: int) -> dict[str, Any]:
    operator = {"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": threshold}
    return {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {**operator, **properties}}}


def listed(cloud: Cloud) -> list[str]:
    entries = json.loads((cloud.data / "recorded-only.json").read_text())
    return [entry["logical_id"] for entry in entries if entry["stack"] == "alarms"]


@pytest.fixture(autouse=True)
def deleted(cloud: Cloud) -> Iterator[None]:
    yield
    cloud.delete("alarms")


def described(cloud: Cloud, name: str) -> dict[str, Any]:
    (found,) = cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return dict(found)


def test_an_alarm_over_several_metrics_is_described_and_listed_as_without_effect(cloud: Cloud) -> None:
    name = cloud.deploy("alarms", alarm(METRICS, 5), {"Name": {"Ref": "Alarm"}})["Name"]
    assert [metric["Id"] for metric in described(cloud, name)["Metrics"]] == ["rate", "m"]
    assert "MetricName" not in described(cloud, name)
    assert listed(cloud) == ["Alarm"]
    assert cloud.deploy("alarms", alarm(METRICS, 7), {"Name": {"Ref": "Alarm"}})["Name"] == name
    assert described(cloud, name)["Threshold"] == 7


def test_an_alarm_over_one_metric_has_its_effect(cloud: Cloud) -> None:
    name = cloud.deploy("alarms", alarm(METRICS, 5), {"Name": {"Ref": "Alarm"}})["Name"]
    cloud.deploy("alarms", alarm(METRIC, 5), {"Name": {"Ref": "Alarm"}})
    assert listed(cloud) == []
    cloud.client("cloudwatch").put_metric_data(Namespace="T", MetricData=[{"MetricName": "Errors", "Value": 6}])
    assert described(cloud, name)["StateValue"] == "ALARM"
