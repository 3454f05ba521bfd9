"""Every stack of every environment as it stands; `make snapshots` takes them anew."""

import re
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.stacks.expected import expected_stacks
from tests.support.synth import all_environments, synthesize

ASSET_HASH = re.compile(r"\b[0-9a-f]{64}\b")


def every_stack() -> list[tuple[str, str, str]]:
    return [(*names, stack) for names in all_environments() for stack in expected_stacks(*names)]


def normalized(node: Any) -> Any:
    """A template without what changes when only the content of an asset does."""
    if isinstance(node, dict):
        return {key: normalized(child) for key, child in node.items()}
    if isinstance(node, list):
        return [normalized(child) for child in node]
    if isinstance(node, str):
        return ASSET_HASH.sub("HASH", node)
    return node


@pytest.fixture
def json_snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(JSONSnapshotExtension)


@pytest.mark.parametrize(("system", "environment", "stack"), every_stack())
def test_template(system: str, environment: str, stack: str, json_snapshot: SnapshotAssertion) -> None:
    template = synthesize(system, environment).templates[stack]
    assert normalized(template) == json_snapshot


@pytest.mark.parametrize(("system", "environment"), all_environments())
def test_a_system_has_the_stacks_it_asks_for(system: str, environment: str) -> None:
    """None less, and none without a snapshot."""
    assert sorted(synthesize(system, environment).templates) == expected_stacks(system, environment)
