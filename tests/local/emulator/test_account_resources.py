"""Composite alarms, service-linked roles, budgets and associations of Web ACLs."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.emulator.cloud import Cloud, DeploymentError

STACK = "account"
METRIC = {"Namespace": "Composite", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}


@pytest.fixture(autouse=True)
def deleted(cloud: Cloud) -> Iterator[None]:
    yield
    cloud.delete(STACK)


def alarms(rule: str) -> dict[str, Any]:
    def metric_alarm(name: str) -> dict[str, Any]:
        comparison = {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 5}
        return {"Type": "AWS::CloudWatch::Alarm", "Properties": {**METRIC, **comparison, "MetricName": name}}

    tags = [{"Key": "system", "Value": "webapp"}]
    composite = {"AlarmRule": {"Fn::Sub": rule}, "AlarmDescription": "both at once", "Tags": tags}
    return {
        "Errors": metric_alarm("Errors"),
        "Requests": metric_alarm("Requests"),
        "Both": {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": composite},
    }


def state(cloud: Cloud, name: str) -> str:
    (found,) = cloud.client("cloudwatch").describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])[
        "CompositeAlarms"
    ]
    return str(found["StateValue"])


def test_a_composite_alarm_follows_its_rule(cloud: Cloud) -> None:
    cloudwatch = cloud.client("cloudwatch")
    outputs = {"Name": {"Ref": "Both"}, "Arn": {"Fn::GetAtt": ["Both", "Arn"]}}
    deployed = cloud.deploy(STACK, alarms('ALARM("${Errors}") AND ALARM("${Requests.Arn}")'), outputs)
    assert deployed["Arn"].endswith(f":alarm:{deployed['Name']}")
    tags = cloudwatch.list_tags_for_resource(ResourceARN=deployed["Arn"])["Tags"]
    assert {"Key": "system", "Value": "webapp"} in tags
    for metric, expected in (("Errors", "OK"), ("Requests", "ALARM")):
        cloudwatch.put_metric_data(Namespace="Composite", MetricData=[{"MetricName": metric, "Value": 6}])
        cloudwatch.describe_alarms()
        assert state(cloud, deployed["Name"]) == expected
    assert cloud.deploy(STACK, alarms('NOT ALARM("${Errors}")'), outputs) == deployed
    assert state(cloud, deployed["Name"]) == "OK"


def test_a_rule_over_an_alarm_that_does_not_exist_is_refused(cloud: Cloud) -> None:
    with pytest.raises(DeploymentError, match="do not exist"):
        cloud.deploy(STACK, alarms("ALARM(nobody)"))


def test_a_service_linked_role_is_the_services(cloud: Cloud) -> None:
    properties = {"AWSServiceName": "es.amazonaws.com", "Description": "network interfaces"}
    role = {"Role": {"Type": "AWS::IAM::ServiceLinkedRole", "Properties": properties}}
    name = cloud.deploy(STACK, role, {"Name": {"Ref": "Role"}})["Name"]
    found = cloud.client("iam").get_role(RoleName=name)["Role"]
    assert (found["Path"], found["Description"]) == ("/aws-service-role/es.amazonaws.com/", "network interfaces")
    cloud.delete(STACK)
    with pytest.raises(cloud.client("iam").exceptions.NoSuchEntityException):
        cloud.client("iam").get_role(RoleName=name)


def test_budgets_are_recorded_only(cloud: Cloud) -> None:
    limit = {"Amount": 100, "Unit": "USD"}
    budget = {"BudgetName": "monthly", "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit}
    template = {
        "Budget": {"Type": "AWS::Budgets::Budget", "Properties": {"Budget": budget}},
    }
    assert cloud.deploy(STACK, template, {"Name": {"Ref": "Budget"}}) == {"Name": "monthly"}
    entries = json.loads((cloud.data / "recorded-only.json").read_text())
    assert {entry["logical_id"] for entry in entries if entry["stack"] == STACK} == {"Budget"}
