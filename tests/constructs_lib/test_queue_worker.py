"""Decisions of the worker."""

from typing import Any

from aws_cdk import assertions
from aws_cdk import aws_sqs as sqs

from config.model import Uses
from constructs_lib.access import Access, Queue, Resources
from constructs_lib.providers import LOCAL
from constructs_lib.queue_worker import QueueWorker
from tests.support.given import config, options, template_of, topic, vpc


def worker(**changes: Any) -> assertions.Template:
    it = config(worker=changes)
    assert it.worker is not None
    worker_config = it.worker

    def build(stack: Any) -> None:
        QueueWorker(
            stack,
            "Worker",
            handler_folder="notifications",
            description="Delivers",
            vpc=vpc(stack),
            queue=Queue(queue=sqs.Queue(stack, "Queue"), dlq=sqs.Queue(stack, "Dlq"), max_receive_count=5),
            config=worker_config,
            options=options(it),
            access=Access(Uses(), Resources(), LOCAL),
            alarm_topic=topic(stack),
        )

    return template_of(build)


def test_batches_of_ten_within_five_seconds_fail_message_by_message() -> None:
    """Without partial responses one bad message sends nine good ones round again."""
    worker().has_resource_properties(
        "AWS::Lambda::EventSourceMapping",
        {
            "BatchSize": 10,
            "MaximumBatchingWindowInSeconds": 5,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        },
    )


def test_no_more_is_received_than_may_run() -> None:
    """A poller without maximum throttles against the reserved concurrency, and that uses up receives."""
    template = worker(reserved_concurrency=7)
    template.has_resource_properties("AWS::Lambda::EventSourceMapping", {"ScalingConfig": {"MaximumConcurrency": 7}})
    template.has_resource_properties("AWS::Lambda::Function", {"ReservedConcurrentExecutions": 7})


def test_runs_in_the_private_subnets_on_a_long_lived_runtime() -> None:
    template = worker(memory_mib=768, timeout_seconds=90)
    template.has_resource_properties(
        "AWS::Lambda::Function",
        {
            "Runtime": "python3.13",
            "Architectures": ["arm64"],
            "MemorySize": 768,
            "Timeout": 90,
            "VpcConfig": assertions.Match.object_like({"SubnetIds": assertions.Match.any_value()}),
            "Environment": {"Variables": assertions.Match.object_like({"MAX_RECEIVE_COUNT": "5"})},
        },
    )


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_role_may_take_from_the_queue_and_add_to_the_dlq() -> None:
    (policy,) = worker().find_resources("AWS::IAM::Policy").values()
    actions = {
        statement["Resource"]["Fn::GetAtt"][0].rstrip("0123456789ABCDEF"): as_list(statement["Action"])
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    }
    assert {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"} <= {*actions["Queue"]}
    assert "sqs:SendMessage" not in actions["Queue"]
    assert "sqs:SendMessage" in actions["Dlq"]
    assert "sqs:ReceiveMessage" not in actions["Dlq"]


def test_alarms_on_errors_duration_and_throttles() -> None:
    template = worker(timeout_seconds=100)
    for metric, threshold in (("Errors", 1), ("Duration", 80_000), ("Throttles", 1)):
        template.has_resource_properties(
            "AWS::CloudWatch::Alarm",
            {
                "Namespace": "AWS/Lambda",
                "MetricName": metric,
                "Threshold": threshold,
                "AlarmActions": [assertions.Match.any_value()],
            },
        )


def test_a_fifo_queue_has_no_window() -> None:
    (mapping,) = worker(batch_window_seconds=0).find_resources("AWS::Lambda::EventSourceMapping").values()
    assert "MaximumBatchingWindowInSeconds" not in mapping["Properties"]


def test_an_event_source_may_be_kept_below_the_reserved_concurrency() -> None:
    worker(reserved_concurrency=10, max_concurrency=4).has_resource_properties(
        "AWS::Lambda::EventSourceMapping", {"ScalingConfig": {"MaximumConcurrency": 4}}
    )
