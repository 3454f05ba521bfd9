"""Decisions of the function that sends again what failed."""

from functools import cache
from typing import Any

import aws_cdk as cdk
from aws_cdk import assertions
from aws_cdk import aws_sqs as sqs

from config.model import Uses
from constructs_lib.access import Access, Queue, Resources
from constructs_lib.providers import LOCAL
from constructs_lib.replay_function import ReplayFunction
from tests.support.given import config, options, template_of, vpc


@cache
def replay() -> assertions.Template:
    def build(stack: cdk.Stack) -> None:
        queue = Queue(queue=sqs.Queue(stack, "Queue"), dlq=sqs.Queue(stack, "Dlq"), max_receive_count=5)
        ReplayFunction(
            stack,
            "Replay",
            vpc=vpc(stack),
            queue=queue,
            other_producers=False,
            access=Access(Uses(queue=True), Resources(queue=queue), LOCAL),
            options=options(config()),
        )

    return template_of(build)


def function() -> dict[str, Any]:
    (found,) = replay().find_resources("AWS::Lambda::Function").values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def names(of: str) -> str:
    (found,) = (name for name in replay().find_resources("AWS::SQS::Queue") if name.startswith(of))
    return str(found)


def test_it_knows_both_queues() -> None:
    variables = function()["Environment"]["Variables"]
    assert variables["QUEUE_URL"] == {"Ref": names("Queue")}
    assert variables["DLQ_URL"] == {"Ref": names("Dlq")}


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_it_takes_from_the_one_and_adds_to_the_other() -> None:
    """And neither reads the queue, where messages are the worker's, nor adds to where dead letters are."""
    (policy,) = replay().find_resources("AWS::IAM::Policy").values()
    actions = {
        statement["Resource"]["Fn::GetAtt"][0]: {*as_list(statement["Action"])}
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    }
    assert actions == {
        names("Dlq"): {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"},
        names("Queue"): {"sqs:SendMessage"},
    }


def test_one_runs_at_a_time_and_no_longer_than_the_cli_waits() -> None:
    assert function()["ReservedConcurrentExecutions"] == 1
    assert function()["Timeout"] <= 60


def test_nothing_calls_it_by_itself() -> None:
    for kind in ("AWS::Scheduler::Schedule", "AWS::Events::Rule", "AWS::Lambda::EventSourceMapping"):
        replay().resource_count_is(kind, 0)
    for kind in ("AWS::Lambda::Permission", "AWS::Lambda::Url"):
        replay().resource_count_is(kind, 0)
