"""Types without a service behind them are accepted, and listed for people as long as they exist."""

import json
from typing import Any

from tests.local.emulator.cloud import Cloud

POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"


def policies(*names: str) -> dict[str, Any]:
    properties = {"PolicyType": "TargetTrackingScaling", "ScalingTargetId": "service/demo/api|count|ecs"}
    return {name: {"Type": POLICY, "Properties": {**properties, "PolicyName": name}} for name in names}


def listed(cloud: Cloud) -> list[tuple[str, str, str]]:
    entries = json.loads((cloud.data / "recorded-only.json").read_text())
    return [
        (entry["type"], entry["logical_id"], entry["physical_id"]) for entry in entries if entry["stack"] == "scaling"
    ]


def test_resources_are_listed_while_they_exist(cloud: Cloud) -> None:
    outputs = {"Cpu": {"Fn::GetAtt": ["Cpu", "Arn"]}}
    first = cloud.deploy("scaling", policies("Cpu"), outputs)
    assert listed(cloud) == [(POLICY, "Cpu", first["Cpu"])]
    assert cloud.deploy("scaling", policies("Cpu", "Memory"), outputs) == first
    assert [name for _, name, _ in listed(cloud)] == ["Cpu", "Memory"]
    cloud.delete("scaling")
    assert listed(cloud) == []
