"""Decisions of the function that dumps a database."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions

from config.load import load
from config.model import BucketConfig, DumpConfig, InstanceConfig, Lifecycle
from constructs_lib.access import MissingResourceError, Resources
from constructs_lib.buckets import PrivateBucket
from constructs_lib.database_users import user_secrets
from constructs_lib.dump_function import DumpFunction
from constructs_lib.postgres_instance import PostgresInstance
from constructs_lib.providers import LOCAL
from tests.support.given import options, template_of, topic, vpc

DATABASE = InstanceConfig(name="pages", schema_name="pages", engine_version="18.3", backup_retention_days=7)


@cache
def dump(*, database: str = "pages", alarms: bool = True) -> assertions.Template:
    def build(stack: cdk.Stack) -> None:
        network = vpc(stack)
        server = PostgresInstance(
            stack,
            "Pages",
            vpc=network,
            config=DATABASE,
            lifecycle=Lifecycle.RETAIN,
            provider=LOCAL,
            alarm_topic=None,
            copy_region=None,
        )
        with_users = user_secrets(stack, "Users", database=server.database, users=["dump"], lifecycle=Lifecycle.RETAIN)
        bucket = PrivateBucket(stack, "Backups", config=BucketConfig(), lifecycle=Lifecycle.RETAIN).bucket
        DumpFunction(
            stack,
            "Dump",
            vpc=network,
            config=DumpConfig(database=database, bucket="backups", hour_utc=5),
            resources=Resources(databases={"pages": with_users}, buckets={"backups": bucket}),
            options=options(load("webapp", "dev")),
            alarm_topic=topic(stack) if alarms else None,
        )

    return template_of(build)


def function() -> tuple[str, Mapping[str, Any]]:
    ((name, found),) = dump().find_resources("AWS::Lambda::Function").items()
    return name, found["Properties"]


def test_it_runs_every_day_at_its_hour() -> None:
    (schedule,) = dump().find_resources("AWS::Scheduler::Schedule").values()
    found = schedule["Properties"]
    assert found["ScheduleExpression"] == "cron(0 5 * * ? *)"
    assert found["Target"]["Arn"] == {"Fn::GetAtt": [function()[0], "Arn"]}
    # Switched off, it would be missed by nobody: a function that never runs never fails.
    assert found.get("State", "ENABLED") == "ENABLED"


def test_the_scheduler_may_call_this_function_and_no_other() -> None:
    granted = [
        statement
        for role in dump().find_resources("AWS::IAM::Role").values()
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "lambda:InvokeFunction"
    ]
    assert [statement["Resource"] for statement in granted] == [{"Fn::GetAtt": [function()[0], "Arn"]}]


def test_it_has_all_the_time_that_lambda_gives() -> None:
    """A dump is proven by restoring it: a growing database must not outgrow the function early."""
    assert function()[1]["Timeout"] == 900


def test_it_finds_its_database_and_its_bucket() -> None:
    variables = function()[1]["Environment"]["Variables"]
    assert variables["DATABASE_NAME"] == "pages"
    assert variables["DATABASE_SCHEMA"] == "pages"
    (bucket,) = dump().find_resources("AWS::S3::Bucket")
    assert variables["BACKUPS_BUCKET"] == {"Ref": bucket}


def test_it_cannot_delete_a_dump_nor_look_for_others() -> None:
    """The bucket's lifecycle does: code that is led astray must not destroy what it made."""
    allowed = [
        action
        for policy in dump().find_resources("AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    ]
    assert {action for action in allowed if action.startswith("s3:")} == {
        "s3:GetObject",
        "s3:PutObject",
    }


def test_someone_is_told_when_it_fails() -> None:
    (alarm,) = dump().find_resources("AWS::CloudWatch::Alarm").values()
    found = alarm["Properties"]
    assert (found["MetricName"], found["Threshold"], found["Statistic"]) == ("Errors", 1, "Sum")
    assert found["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": function()[0]}}]


def test_without_a_topic_there_is_no_alarm() -> None:
    dump(alarms=False).resource_count_is("AWS::CloudWatch::Alarm", 0)


def test_a_database_that_is_not_there_is_named() -> None:
    with pytest.raises(MissingResourceError, match="uses database 'orders', which the system does not have"):
        dump(database="orders")
