"""Types without a service behind them are accepted, and listed for people as long as they exist."""

import json
from typing import Any

from tests.local.emulator.cloud import Cloud

TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"


def scaling(service: str, maximum: int) -> dict[str, Any]:
    target = {
        "ResourceId": f"service/demo/{service}",
        "ScalableDimension": "ecs:service:DesiredCount",
        "ServiceNamespace": "ecs",
        "MinCapacity": 1,
        "MaxCapacity": maximum,
    }
    policy = {"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling", "ScalingTargetId": {"Ref": "Target"}}
    return {
        "Target": {"Type": TARGET, "Properties": target},
        "Policy": {"Type": POLICY, "Properties": policy},
    }


def listed(cloud: Cloud) -> list[tuple[str, str, str]]:
    entries = json.loads((cloud.data / "recorded-only.json").read_text())
    return [
        (entry["type"], entry["logical_id"], entry["physical_id"]) for entry in entries if entry["stack"] == "scaling"
    ]


def test_resources_are_listed_while_they_exist(cloud: Cloud) -> None:
    outputs = {"Target": {"Ref": "Target"}, "Policy": {"Fn::GetAtt": ["Policy", "Arn"]}}
    first = cloud.deploy("scaling", scaling("api", 2), outputs)
    assert first["Target"] == "service/demo/api|ecs:service:DesiredCount|ecs"
    assert listed(cloud) == [(TARGET, "Target", first["Target"]), (POLICY, "Policy", first["Policy"])]
    assert cloud.deploy("scaling", scaling("api", 4), outputs) == first
    moved = cloud.deploy("scaling", scaling("web", 4), outputs)
    assert listed(cloud) == [(TARGET, "Target", moved["Target"]), (POLICY, "Policy", moved["Policy"])]
    assert moved["Target"] != first["Target"]
    cloud.delete("scaling")
    assert listed(cloud) == []
