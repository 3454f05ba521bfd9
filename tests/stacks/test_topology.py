"""Order and direction of the stacks, read from what the CDK CLI would deploy."""

import json
from typing import Any

import pytest

from tests.support.synth import Assembly, all_environments, synthesize

# From the lowest up: a stack may refer to those before its own row only. Those of a row deploy side by side.
LEVELS = (
    {"Network", "Alarms", "Storage"},
    {"Queue", "Database", "Cache", "Broker", "Search"},
    {"Api", "Worker", "Backup"},
    {"Monitoring"},
)
LEVEL = {stack: number for number, level in enumerate(LEVELS) for stack in level}


@pytest.fixture(params=all_environments(), ids="/".join)
def assembly(request: pytest.FixtureRequest) -> Assembly:
    return synthesize(*request.param)


def dependencies(assembly: Assembly) -> dict[str, set[str]]:
    stacks = {
        name: artifact
        for name, artifact in assembly.manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    return {name: stacks.keys() & set(stack.get("dependencies", [])) for name, stack in stacks.items()}


def waves(depends_on: dict[str, set[str]]) -> list[set[str]]:
    """Stacks in the order a concurrent deployment reaches them."""
    order: list[set[str]] = []
    done: set[str] = set()
    while len(done) < len(depends_on):
        ready = {stack for stack, needs in depends_on.items() if stack not in done and needs <= done}
        assert ready, f"stacks in a circle: {depends_on.keys() - done}"
        order.append(ready)
        done |= ready
    return order


def references(template: dict[str, Any]) -> set[str]:
    """Names of the stacks a template reads outputs of."""
    found = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "Fn::GetStackOutput" in node:
                found.add(node["Fn::GetStackOutput"]["StackName"])
            for child in node.values():
                walk(child)
        elif isinstance(node, list):
            for child in node:
                walk(child)

    walk(template)
    return found


def test_stacks_deploy_in_waves(assembly: Assembly) -> None:
    """A needless dependency makes every deployment longer."""
    there = set(assembly.templates)
    assert waves(dependencies(assembly)) == [level & there for level in LEVELS if level & there]


def test_a_queue_does_not_wait_for_the_network(assembly: Assembly) -> None:
    """It needs nothing of the VPC, which takes the longest of all to make."""
    assert "Network" not in dependencies(assembly).get("Queue", set())


def test_references_point_down(assembly: Assembly) -> None:
    """A lower stack that names an upper one cannot be deployed before it, nor changed without it."""
    for stack, template in assembly.templates.items():
        for name in references(template):
            target = name.rpartition("-")[2].capitalize()
            assert LEVEL[target] < LEVEL[stack], f"{stack} refers to {target}"


def test_every_reference_is_weak(assembly: Assembly) -> None:
    """An export that another stack imports can be neither changed nor removed."""
    for stack, template in assembly.templates.items():
        assert "Fn::ImportValue" not in json.dumps(template), stack
        assert not [output for output in template.get("Outputs", {}).values() if "Export" in output], stack


@pytest.mark.parametrize(
    ("stack", "may_know"),
    [
        ("Database", {"network", "alarms"}),
        ("Cache", {"network", "alarms"}),
        ("Broker", {"network", "alarms"}),
        ("Search", {"network", "alarms"}),
        ("Queue", {"alarms"}),
        ("Storage", set()),
        ("Alarms", set()),
    ],
)
def test_resources_learn_nothing_of_their_consumers(assembly: Assembly, stack: str, may_know: set[str]) -> None:
    """A rule or grant made on the resource's side would change this stack with every new consumer."""
    template = assembly.templates.get(stack, {"Resources": {}})
    assert {name.rpartition("-")[2] for name in references(template)} <= may_know
    # Within the Database stack only the migrations reach the servers: one rule for each.
    migrations = len(assembly.resources("Custom::DatabaseMigrations", stack))
    assert len(assembly.resources("AWS::EC2::SecurityGroupIngress", stack)) == migrations
