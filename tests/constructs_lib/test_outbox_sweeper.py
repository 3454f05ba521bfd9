"""Decisions of the function that queues what stayed in the outbox."""

from functools import cache

import aws_cdk as cdk
from aws_cdk import assertions

from config.model import Uses
from constructs_lib.access import Access, Resources
from constructs_lib.outbox_sweeper import AGE_ALARM_SECONDS, OutboxSweeper
from constructs_lib.providers import LOCAL
from tests.support.given import config, options, template_of, topic, vpc


@cache
def sweeper(*, alarms: bool = True) -> assertions.Template:
    def build(stack: cdk.Stack) -> None:
        OutboxSweeper(
            stack,
            "Outbox",
            vpc=vpc(stack),
            minutes=1,
            access=Access(Uses(), Resources(), LOCAL),
            options=options(config()),
            alarm_topic=topic(stack) if alarms else None,
        )

    return template_of(build)


def test_it_looks_every_minute() -> None:
    (schedule,) = sweeper().find_resources("AWS::Scheduler::Schedule").values()
    ((function, _),) = sweeper().find_resources("AWS::Lambda::Function").items()
    found = schedule["Properties"]
    assert found["ScheduleExpression"] == "rate(1 minute)"
    assert found["Target"]["Arn"] == {"Fn::GetAtt": [function, "Arn"]}
    assert found.get("State", "ENABLED") == "ENABLED"
    assert found["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 0


def test_a_message_that_waits_for_a_minute_raises_an_alarm() -> None:
    sweeper().has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "MetricName": "OutboxAge",
            "Namespace": "notifications",
            "Dimensions": [{"Name": "service", "Value": "sweeper"}],
            "Threshold": AGE_ALARM_SECONDS,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Statistic": "Maximum",
            "Period": 60,
        },
    )


def test_one_failure_raises_no_alarm_and_three_in_a_row_do() -> None:
    sweeper().has_resource_properties(
        "AWS::CloudWatch::Alarm", {"MetricName": "Errors", "Threshold": 1, "EvaluationPeriods": 3}
    )


def test_without_topic_there_are_no_alarms() -> None:
    sweeper(alarms=False).resource_count_is("AWS::CloudWatch::Alarm", 0)
