"""The Guard file on our own templates: kept as they are, broken by each change that would break the promise."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gates.security.places import templates_of
from gates.security.promises import broken
from tests.assembly.assemblies import write
from tests.gates.conftest import failed
from tests.support.synth import synthesize

Template = dict[str, Any]
NAME = "notifications/dev"
# Broken on purpose outside of production, which `gates/security/acknowledged/` tells.
ACKNOWLEDGED = {"no_plain_http", "traffic_is_logged"}


def of_type(template: Template, resource_type: str) -> list[Template]:
    found = [each for each in template["Resources"].values() if each["Type"] == resource_type]
    assert found
    return found


def without(resource_type: str) -> Callable[[Template], None]:
    def change(template: Template) -> None:
        kept = {name: each for name, each in template["Resources"].items() if each["Type"] != resource_type}
        assert len(kept) < len(template["Resources"])
        template["Resources"] = kept

    return change


def setting(resource_type: str, *path: str | int, to: Any) -> Callable[[Template], None]:
    """Set a property of each resource of a type, or take it away with None."""

    def change(template: Template) -> None:
        for resource in of_type(template, resource_type):
            at = resource["Properties"]
            for step in path[:-1]:
                at = at[step]
            if to is None:
                del at[path[-1]]
            else:
                at[path[-1]] = to

    return change


def without_dlq_alarm(template: Template) -> None:
    (name,) = (name for name in template["Resources"] if "DeadLetterAlarm" in name)
    del template["Resources"][name]


def with_plain_queue(template: Template) -> None:
    template["Resources"]["Plain"] = {"Type": "AWS::SQS::Queue", "Properties": {"SqsManagedSseEnabled": True}}


QUEUE, FUNCTION = "AWS::SQS::Queue", "AWS::Lambda::Function"
CHANGES: list[tuple[str, Callable[[Template], None], str]] = [
    ("Queue", without_dlq_alarm, "dlq_has_alarm"),
    ("Queue", without("AWS::CloudWatch::Alarm"), "dlq_has_alarm"),
    ("Queue", with_plain_queue, "queue_has_dlq"),
    ("Queue", with_plain_queue, "queue_refuses_plain_http"),
    ("Queue", without("AWS::SQS::QueuePolicy"), "queue_refuses_plain_http"),
    ("Queue", setting(QUEUE, "SqsManagedSseEnabled", to=False), "queue_is_encrypted"),
    ("Queue", setting(QUEUE, "MessageRetentionPeriod", to=345_600), "dlq_keeps_longer"),
    ("Queue", setting("AWS::CloudWatch::Alarm", "AlarmActions", to=[]), "alarms_notify"),
    ("Database", setting("AWS::RDS::DBInstance", "PubliclyAccessible", to=True), "database_is_not_public"),
    ("Database", setting("AWS::RDS::DBCluster", "StorageEncrypted", to=False), "database_is_encrypted"),
    ("Database", setting("AWS::RDS::DBClusterParameterGroup", "Parameters", to={}), "parameters_force_tls"),
    ("Worker", setting("AWS::Lambda::EventSourceMapping", "FunctionResponseTypes", to=[]), "batches_fail_in_part"),
    ("Worker", setting("AWS::Lambda::EventSourceMapping", "ScalingConfig", to=None), "consumers_are_bounded"),
    ("Worker", setting(FUNCTION, "LoggingConfig", to=None), "function_logs_end"),
    ("Worker", setting("AWS::Logs::LogGroup", "RetentionInDays", to=None), "logs_end"),
    (
        "Api",
        setting("AWS::ECS::TaskDefinition", "ContainerDefinitions", 0, "ReadonlyRootFilesystem", to=False),
        "container_cannot_write",
    ),
    ("Api", setting("AWS::ECS::TaskDefinition", "ContainerDefinitions", 0, "User", to="root"), "container_is_not_root"),
    (
        "Api",
        setting("AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupAttributes", to=[]),
        "targets_drain",
    ),
    (
        "Api",
        setting("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerAttributes", to=[]),
        "invalid_headers_are_dropped",
    ),
]

BROKEN_AT_ONCE: dict[str, list[Callable[[Template], None]]] = {
    "Queue": [without_dlq_alarm, with_plain_queue],
    "Api": [change for stack, change, _ in CHANGES if stack == "Api"],
}


def broken_rules(folder: Path, stack: str, template: Template) -> set[str]:
    assembly = write(folder, **{stack: template})
    return {each.rule for each in broken(assembly, NAME, templates_of(assembly))} - ACKNOWLEDGED


@pytest.mark.parametrize("stack", ["Network", "Alarms", "Queue", "Database", "Api", "Worker", "Monitoring"])
def test_our_templates_keep_their_promises(tmp_path: Path, stack: str) -> None:
    template = synthesize("notifications", "dev").templates[stack]
    assert broken_rules(tmp_path, stack, template) == set()


@pytest.mark.parametrize(("stack", "change", "rule"), CHANGES, ids=[rule for _, _, rule in CHANGES])
def test_a_template_that_breaks_a_promise_is_found(
    tmp_path: Path, stack: str, change: Callable[[Template], None], rule: str
) -> None:
    template = copy.deepcopy(synthesize("notifications", "dev").templates[stack])
    change(template)
    assert rule in broken_rules(tmp_path, stack, template)


def test_a_rule_names_the_resource_and_what_to_do(tmp_path: Path) -> None:
    template = copy.deepcopy(synthesize("notifications", "dev").templates["Queue"])
    with_plain_queue(template)
    assembly = write(tmp_path, Queue=json.loads(json.dumps(template)))
    (found,) = (each for each in broken(assembly, NAME, templates_of(assembly)) if each.rule == "queue_has_dlq")
    assert (found.place, found.type) == ("Queue/Plain", QUEUE)
    assert found.why.startswith("A message that cannot be handled")
    assert found.fix.startswith("give the queue a RedrivePolicy")


@pytest.mark.parametrize("stack", ["Queue", "Api"])
def test_cfn_guard_says_the_same(tmp_path: Path, cfn_guard: Path, stack: str) -> None:
    """Other projects run the file by it."""
    template = copy.deepcopy(synthesize("notifications", "dev").templates[stack])
    for change in BROKEN_AT_ONCE[stack]:
        change(template)
    expected = broken_rules(tmp_path, stack, template)
    assert len(expected) >= len(BROKEN_AT_ONCE[stack])
    assert failed(cfn_guard, tmp_path / f"{stack}.template.json") - ACKNOWLEDGED == expected
