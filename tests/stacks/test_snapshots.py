"""Every stack of every environment as it stands; `make snapshots` takes them anew."""

import re
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.support.synth import all_environments, synthesize

ASSET_HASH = re.compile(r"\b[0-9a-f]{64}\b")
STACKS = ("Network", "Queue", "Database", "Api", "Worker")


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


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize(("system", "environment"), all_environments())
def test_template(system: str, environment: str, stack: str, json_snapshot: SnapshotAssertion) -> None:
    template = synthesize(system, environment).templates[stack]
    assert normalized(template) == json_snapshot


@pytest.mark.parametrize(("system", "environment"), all_environments())
def test_no_stack_is_without_snapshot(system: str, environment: str) -> None:
    assert set(synthesize(system, environment).templates) == set(STACKS)
