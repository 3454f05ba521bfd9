"""Order and direction of the stacks, read from what the CDK CLI would deploy."""

import json
from typing import Any

import pytest

from tests.support.synth import Assembly, all_environments, synthesize

# From the lowest up: a stack may refer to those before its own row only.
WAVES = [{"Network", "Queue"}, {"Database"}, {"Api", "Worker"}]


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


def test_stacks_deploy_in_three_waves(assembly: Assembly) -> None:
    """Queue beside Network, Api beside Worker: a needless dependency makes every deployment longer."""
    assert waves(dependencies(assembly)) == WAVES


def test_references_point_down(assembly: Assembly) -> None:
    """A lower stack that names an upper one cannot be deployed before it, nor changed without it."""
    level = {stack: number for number, wave in enumerate(WAVES) for stack in wave}
    for stack, template in assembly.templates.items():
        for name in references(template):
            target = name.rpartition("-")[2].capitalize()
            assert level[target] < level[stack], f"{stack} refers to {target}"


def test_every_reference_is_weak(assembly: Assembly) -> None:
    """An export that another stack imports can be neither changed nor removed."""
    for stack, template in assembly.templates.items():
        assert "Fn::ImportValue" not in json.dumps(template), stack
        assert not [output for output in template.get("Outputs", {}).values() if "Export" in output], stack


def test_database_learns_nothing_of_its_consumers(assembly: Assembly) -> None:
    """A rule or grant made on the resource's side would change this stack with every new consumer."""
    assert {name.rpartition("-")[2] for name in references(assembly.templates["Database"])} == {"network"}
    ways_in = assembly.resources("AWS::EC2::SecurityGroupIngress", "Database")
    assert len(ways_in) == 1, "within the stack only the migrations reach the cluster"
