"""Decisions of the record of connections."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_logs as logs

from config.model import FlowLogsConfig, Lifecycle
from constructs_lib.flow_logs import FlowLogs
from tests.support.given import template_of, vpc


def recorded(**config: Any) -> assertions.Template:
    def build(stack: cdk.Stack) -> None:
        FlowLogs(
            stack,
            "FlowLogs",
            vpc=vpc(stack),
            config=FlowLogsConfig(**config),
            lifecycle=Lifecycle.RETAIN,
            log_retention=logs.RetentionDays.ONE_MONTH,
        )

    return template_of(build)


def flow_log(template: assertions.Template) -> dict[str, Any]:
    (made,) = template.find_resources("AWS::EC2::FlowLog").values()
    return dict(made)


@pytest.mark.parametrize(("traffic", "seconds"), [("REJECT", 600), ("ALL", 60)])
def test_it_records_what_config_says_of_the_whole_vpc(traffic: str, seconds: int) -> None:
    made = flow_log(recorded(traffic=traffic, aggregation_seconds=seconds))["Properties"]
    assert made["ResourceType"] == "VPC"
    assert (made["TrafficType"], made["MaxAggregationInterval"]) == (traffic, seconds)


def test_its_role_writes_to_its_own_group_for_flow_logs_of_this_account() -> None:
    template = recorded()
    made = flow_log(template)["Properties"]
    ((group, _),) = template.find_resources("AWS::Logs::LogGroup").items()
    # An ARN with an asterisk at its end, as CloudFormation gives it, is taken, and nothing is ever delivered to it.
    assert (made["LogGroupName"], made["LogDestinationType"]) == ({"Ref": group}, "cloud-watch-logs")
    assert "LogDestination" not in made
    ((name, role),) = (
        (name, role) for name, role in template.find_resources("AWS::IAM::Role").items() if "FlowLogs" in name
    )
    assert made["DeliverLogsPermissionArn"] == {"Fn::GetAtt": [name, "Arn"]}
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    (policy,) = role["Properties"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Resource"] == {"Fn::GetAtt": [group, "Arn"]}
    assert set(statement["Action"]) == {"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"}


def test_in_a_bucket_they_end_and_need_no_role() -> None:
    template = recorded(destination="s3", expire_days=7)
    made = flow_log(template)
    ((bucket, settings),) = template.find_resources("AWS::S3::Bucket").items()
    assert made["Properties"]["LogDestination"] == {"Fn::GetAtt": [bucket, "Arn"]}
    assert made["Properties"]["LogDestinationType"] == "s3"
    assert "LogGroupName" not in made["Properties"]
    assert "DeliverLogsPermissionArn" not in made["Properties"]
    assert settings["Properties"]["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == 7
    (policy,) = template.find_resources("AWS::S3::BucketPolicy")
    assert policy in made["DependsOn"]
