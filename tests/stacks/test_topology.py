"""Order and direction of the stacks, read from what the CDK CLI would deploy."""

import re
from collections.abc import Sequence

import pytest

from assembly.layering.check import check, waves
from assembly.layering.order import read_order
from assembly.layering.references import dangling, references
from assembly.layering.stacks import Stack, read_stacks
from constructs_lib.project import PROJECT_ROOT
from tests.support.synth import all_environments, synthesize

ORDER = read_order(PROJECT_ROOT / "stacks" / "order.toml")
ARCHITECTURE = PROJECT_ROOT / "docs" / "architecture.md"


@pytest.fixture(params=all_environments(), ids="/".join)
def stacks(request: pytest.FixtureRequest) -> Sequence[Stack]:
    return read_stacks(synthesize(*request.param).folder)


def referred(stack: Stack) -> set[str]:
    """Domains of the stacks whose outputs a template reads."""
    return {each.producer.rpartition("-")[2] for each in references(stack) if each.producer is not None}


def test_stacks_deploy_in_the_declared_order(stacks: Sequence[Stack]) -> None:
    """A needless dependency makes every deployment longer."""
    expected = ORDER.among(stack.name for stack in stacks)
    assert waves(stacks) == [set(level) for level in expected]


def test_a_queue_does_not_wait_for_the_network(stacks: Sequence[Stack]) -> None:
    """It needs nothing of the VPC, which takes the longest of all to make."""
    for stack in stacks:
        assert stack.name != "Queue" or "Network" not in stack.depends_on


def test_references_point_down_and_are_weak(stacks: Sequence[Stack]) -> None:
    """A lower stack that names an upper one cannot be deployed before it; an export in use cannot be changed."""
    assert [str(finding) for finding in check(stacks, ORDER)] == []
    assert [output for stack in stacks for output in stack.outputs.values() if "Export" in output] == []
    assert any(referred(stack) for stack in stacks)


def test_nothing_refers_to_what_is_not_there(stacks: Sequence[Stack]) -> None:
    assert dangling(stacks) == []


@pytest.mark.parametrize(
    ("name", "may_know"),
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
def test_resources_learn_nothing_of_their_consumers(stacks: Sequence[Stack], name: str, may_know: set[str]) -> None:
    """A rule or grant made on the resource's side would change this stack with every new consumer."""
    for stack in stacks:
        if stack.name == name:
            types = [resource["Type"] for resource in stack.resources.values()]
            assert referred(stack) <= may_know
            # Within the Database stack only migrations and rotation reach the servers: a rule for each of both.
            migrations = types.count("Custom::DatabaseMigrations")
            assert types.count("AWS::EC2::SecurityGroupIngress") == 2 * migrations


def test_every_stack_has_its_place_and_its_reason() -> None:
    """The table of stacks in the docs names those of the order, lower ones first."""
    section = ARCHITECTURE.read_text().partition("\n## Stacks\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([A-Z]\w+) \| .+ \| .+ \|$", section, re.MULTILINE)
    assert rows == [name for level in ORDER.levels for name in level]


def test_the_documented_order_is_the_declared_one() -> None:
    section = ARCHITECTURE.read_text().partition("\nOrder of deployment")[2].partition("\n## ")[0]
    documented = re.findall(r"^\d+\. ([A-Z]\w+(?:, [A-Z]\w+)*)\.", section, re.MULTILINE)
    assert [line.split(", ") for line in documented] == [list(level) for level in ORDER.levels]
