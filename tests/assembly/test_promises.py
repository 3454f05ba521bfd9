"""Promises that take more than one template."""

from pathlib import Path
from typing import Any

import pytest

from assembly.cli import main
from assembly.promises.check import Broken, check
from assembly.templates import read
from tests.assembly.assemblies import REGION, write


def far(stack: str, output: str) -> dict[str, Any]:
    return {"Fn::GetStackOutput": {"StackName": f"shop-{stack}", "Region": REGION, "OutputName": output}}


def queue_stack(
    *, visibility: int = 305, retention: int = 345_600, dead_retention: int = 1_209_600, alarm: bool = True
) -> dict[str, dict[str, Any]]:
    """A queue in one stack, its DLQ in another, and an alarm on that."""
    dead: dict[str, Any] = {
        "Dead": {"Type": "AWS::SQS::Queue", "Properties": {"MessageRetentionPeriod": dead_retention}}
    }
    if alarm:
        watched = [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["Dead", "QueueName"]}}]
        dead["Alarm"] = {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {"MetricName": "ApproximateNumberOfMessagesVisible", "Dimensions": watched},
        }
    queue = {
        "Type": "AWS::SQS::Queue",
        "Properties": {
            "VisibilityTimeout": visibility,
            "MessageRetentionPeriod": retention,
            "RedrivePolicy": {"deadLetterTargetArn": far("dead", "DeadArn"), "maxReceiveCount": 5},
        },
    }
    return {
        "dead": {"Resources": dead, "Outputs": {"DeadArn": {"Value": {"Fn::GetAtt": ["Dead", "Arn"]}}}},
        "queue": {
            "Resources": {"Queue": queue},
            "Outputs": {"QueueArn": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}}},
        },
    }


def worker_stack(*, timeout: int | None = 50, window: int = 5, most: int | None = 5) -> dict[str, Any]:
    function: dict[str, Any] = {"ReservedConcurrentExecutions": 5}
    if timeout is not None:
        function["Timeout"] = timeout
    mapping: dict[str, Any] = {
        "EventSourceArn": far("queue", "QueueArn"),
        "FunctionName": {"Ref": "Function"},
        "MaximumBatchingWindowInSeconds": window,
    }
    if most is not None:
        mapping["ScalingConfig"] = {"MaximumConcurrency": most}
    return {
        "Resources": {
            "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
            "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping},
        }
    }


def network_stack(*, gateway: dict[str, Any]) -> dict[str, Any]:
    table = {"RouteTableId": {"Ref": "Table"}}
    return {
        "Resources": {
            "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {}},
            "Table": {"Type": "AWS::EC2::RouteTable", "Properties": {}},
            "Association": {
                "Type": "AWS::EC2::SubnetRouteTableAssociation",
                "Properties": {**table, "SubnetId": {"Ref": "Subnet"}},
            },
            "Route": {
                "Type": "AWS::EC2::Route",
                "Properties": {**table, "DestinationCidrBlock": "0.0.0.0/0", **gateway},
            },
        },
        "Outputs": {"SubnetRef": {"Value": {"Ref": "Subnet"}}},
    }


def broken(folder: Path, **stacks: dict[str, Any]) -> list[Broken]:
    return check(read(write(folder, **stacks)))


def test_what_fits_together_keeps_every_promise(tmp_path: Path) -> None:
    assert broken(tmp_path, **queue_stack(), worker=worker_stack()) == []


@pytest.mark.parametrize(
    ("visibility", "timeout", "window", "needed"), [(304, 50, 5, 305), (30, None, 60, 78), (305, 51, 0, 306)]
)
def test_a_queue_that_hands_out_again_too_early(
    tmp_path: Path, visibility: int, timeout: int | None, window: int, needed: int
) -> None:
    (found,) = broken(
        tmp_path, **queue_stack(visibility=visibility), worker=worker_stack(timeout=timeout, window=window)
    )
    assert found.rule == "visibility_outlasts_retries"
    assert found.resource.logical_id == "Queue"
    assert f"to {needed} s or more" in found.fix


def test_pollers_that_receive_more_than_is_handled(tmp_path: Path) -> None:
    (found,) = broken(tmp_path, **queue_stack(), worker=worker_stack(most=6))
    assert (found.rule, found.resource.logical_id) == ("pollers_keep_to_reserved", "Mapping")


def test_a_far_dlq_that_forgets_first(tmp_path: Path) -> None:
    (found,) = broken(tmp_path, **queue_stack(retention=1_209_600))
    assert (found.rule, found.resource.logical_id) == ("far_dlq_keeps_longer", "Dead")


def test_a_far_dlq_that_nobody_watches(tmp_path: Path) -> None:
    (found,) = broken(tmp_path, **queue_stack(alarm=False))
    assert (found.rule, found.resource.logical_id) == ("far_dlq_has_alarm", "Dead")


@pytest.mark.parametrize(
    ("gateway", "rules"),
    [({"GatewayId": "igw"}, ["data_is_in_private_subnets"]), ({"NatGatewayId": "nat"}, [])],
)
def test_data_in_subnets_that_the_internet_is_routed_to(
    tmp_path: Path, gateway: dict[str, Any], rules: list[str]
) -> None:
    group = {"Type": "AWS::RDS::DBSubnetGroup", "Properties": {"SubnetIds": [far("network", "SubnetRef")]}}
    found = broken(tmp_path, network=network_stack(gateway=gateway), database={"Resources": {"Group": group}})
    assert [each.rule for each in found] == rules


def test_the_command_tells_what_is_broken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, **queue_stack(alarm=False))
    assert main(["promises", "--assembly", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "far_dlq_has_alarm  shop-dead: Dead (AWS::SQS::Queue)" in told
    assert "promises across templates that are not kept: 1" in told


def test_the_command_is_content_with_what_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, **queue_stack(), worker=worker_stack())
    assert main(["promises", "--assembly", str(tmp_path)]) == 0
    assert "not kept: 0" in capsys.readouterr().out
