"""The graph of the notifications system, as the reference draws it and README.md shows it."""

import json
import re

import pytest

from constructs_lib.project import PROJECT_ROOT
from tests.support.synth import Assembly, all_environments, synthesize

ENVIRONMENTS = ["dev", "staging", "prod"]


def dependencies(assembly: Assembly) -> dict[str, set[str]]:
    """What each stack waits for at once, by what the CDK CLI reads."""
    stacks = {
        name: artifact
        for name, artifact in assembly.manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    return {name: stacks.keys() & set(stack.get("dependencies", [])) for name, stack in stacks.items()}


def needed(depends_on: dict[str, set[str]], stack: str) -> set[str]:
    """All stacks that a deployment of one waits for."""
    return depends_on[stack] | {name for other in depends_on[stack] for name in needed(depends_on, other)}


def drawn() -> dict[str, set[str]]:
    """What each stack waits for by the graph in README.md."""
    found: dict[str, set[str]] = {}
    text = (PROJECT_ROOT / "README.md").read_text()
    for source, target in re.findall(r"^    (\w+)(?:\[.*?\])? --> (\w+)", text, re.MULTILINE):
        found.setdefault(source, set())
        found.setdefault(target, set()).add(source)
    return found


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_readme_draws_the_graph_that_deploys(environment: str) -> None:
    depends_on, graph = dependencies(synthesize("notifications", environment)), drawn()
    assert {name: needed(graph, name) for name in graph} == {name: needed(depends_on, name) for name in depends_on}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_notifications_waits_for_what_the_reference_draws(environment: str) -> None:
    """But for the queue, which needs nothing of the VPC."""
    depends_on = dependencies(synthesize("notifications", environment))
    assert "Network" in depends_on["Database"]
    assert {"Database", "Queue"} <= depends_on["Api"] & depends_on["Worker"]
    assert needed(depends_on, "Queue") == {"Alarms"}
    documented = " ".join((PROJECT_ROOT / "docs" / "architecture.md").read_text().split())
    assert "The queue waits for the topic only, not for the VPC." in documented


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_pairs_deploy_side_by_side(environment: str) -> None:
    """Network; then the database with the queue beside it; then API and worker."""
    depends_on = dependencies(synthesize("notifications", environment))
    for one, other in (("Database", "Queue"), ("Api", "Worker"), ("Network", "Queue")):
        assert one not in needed(depends_on, other)
        assert other not in needed(depends_on, one)
    assert "Network" in needed(depends_on, "Database") & needed(depends_on, "Api")


@pytest.mark.parametrize("names", all_environments(), ids="/".join)
def test_a_stack_deploys_alone_once_what_it_waits_for_is_there(names: tuple[str, str]) -> None:
    """`cdk deploy STACK` takes along what is declared: whatever a template refers to besides would be missing."""
    assembly = synthesize(*names)
    depends_on = dependencies(assembly)
    for stack, template in assembly.templates.items():
        used = set(re.findall(r'"StackName": "[\w-]+-(\w+)"', json.dumps(template)))
        assert {name.capitalize() for name in used} <= needed(depends_on, stack), stack
        assert assembly.manifest["artifacts"][stack]["properties"]["templateFile"] == f"{stack}.template.json"
