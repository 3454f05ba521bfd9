"""Decisions of the queue."""

from collections.abc import Mapping
from typing import Any

import pytest
from aws_cdk import assertions

from config.model import Lifecycle
from constructs_lib.queue_with_dlq import QueueWithDlq
from tests.support.given import config, template_of, topic

DAY = 24 * 60 * 60


def queues(lifecycle: Lifecycle = Lifecycle.DESTROY, **changes: Any) -> assertions.Template:
    it = config(queue=changes).queue
    assert it is not None
    return template_of(
        lambda stack: QueueWithDlq(
            stack,
            "Queues",
            config=it,
            visibility_timeout_seconds=365,
            oldest_message_alarm_seconds=2190,
            alarm_topic=topic(stack),
            lifecycle=lifecycle,
        )
    )


def queue_and_dlq(template: assertions.Template) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    found = template.find_resources("AWS::SQS::Queue").values()
    (queue,) = (one for one in found if "RedrivePolicy" in one["Properties"])
    (dlq,) = (one for one in found if "RedrivePolicy" not in one["Properties"])
    return queue, dlq


def test_what_cannot_be_delivered_moves_to_the_dlq() -> None:
    queue, _ = queue_and_dlq(queues(max_receive_count=7))
    assert queue["Properties"]["RedrivePolicy"]["maxReceiveCount"] == 7


def test_dlq_keeps_messages_longer() -> None:
    """A message keeps its age when it moves: with equal retention it could vanish on arrival."""
    queue, dlq = queue_and_dlq(queues())
    assert queue["Properties"]["MessageRetentionPeriod"] == 4 * DAY
    assert dlq["Properties"]["MessageRetentionPeriod"] == 14 * DAY


def test_visibility_is_what_the_consumer_needs() -> None:
    queue, _ = queue_and_dlq(queues())
    assert queue["Properties"]["VisibilityTimeout"] == 365


def test_encrypted_at_rest_and_in_transit() -> None:
    template = queues()
    template.all_resources_properties("AWS::SQS::Queue", {"SqsManagedSseEnabled": True})
    denied = assertions.Match.object_like(
        {"Effect": "Deny", "Action": "sqs:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    )
    template.resource_properties_count_is(
        "AWS::SQS::QueuePolicy", {"PolicyDocument": {"Statement": assertions.Match.array_with([denied])}}, 2
    )


@pytest.mark.parametrize(
    ("metric", "threshold"),
    [
        ("ApproximateNumberOfMessagesVisible", 1000),
        ("ApproximateNumberOfMessagesVisible", 1),
        ("ApproximateAgeOfOldestMessage", 2190),
    ],
)
def test_alarms_notify_within_a_minute(metric: str, threshold: int) -> None:
    queues().has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "MetricName": metric,
            "Threshold": threshold,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Period": 60,
            "AlarmActions": [assertions.Match.any_value()],
            "TreatMissingData": "notBreaching",
        },
    )


def test_fifo_is_an_option() -> None:
    """Both must be of a kind: SQS refuses a standard DLQ behind a FIFO queue."""
    queues(fifo=True).all_resources_properties("AWS::SQS::Queue", {"FifoQueue": True})
    for one in queue_and_dlq(queues()):
        assert "FifoQueue" not in one["Properties"]


@pytest.mark.parametrize(
    ("lifecycle", "policy"),
    [(Lifecycle.DESTROY, "Delete"), (Lifecycle.SNAPSHOT, "Retain"), (Lifecycle.RETAIN, "Retain")],
)
def test_protected_queues_stay(lifecycle: Lifecycle, policy: str) -> None:
    for one in queue_and_dlq(queues(lifecycle)):
        assert one["DeletionPolicy"] == policy
