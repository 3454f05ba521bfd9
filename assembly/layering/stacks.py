"""The stacks of a cloud assembly, with what the CDK notes of where their constructs are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from assembly.errors import InputError
from assembly.manifest import StackArtifact, document, stack_artifacts

_LOGICAL_ID = "aws:cdk:logicalId"
_CREATION_STACK = "aws:cdk:creationStack"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    """A stack as the CLI deploys it."""

    path: str
    """Construct path, such as `Database`, or `Prod/Database` below a stage."""
    stack_name: str
    """CloudFormation's name."""
    template: Mapping[str, Any] = field(repr=False)
    depends_on: frozenset[str] = frozenset()
    """Construct paths of the stacks that are deployed before it."""
    constructs: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By logical id: the construct path below the stack, such as `Database/Cluster`."""
    traces: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    """By logical id: the calls that made it, the innermost first, each as `function (file:line)`."""

    @property
    def name(self) -> str:
        """Construct id, by which an order names it."""
        return self.path.rpartition("/")[2]

    @property
    def resources(self) -> Mapping[str, Any]:
        """Its resources by logical id."""
        found: Mapping[str, Any] = self.template.get("Resources") or {}
        return found

    @property
    def outputs(self) -> Mapping[str, Any]:
        """Its outputs by name."""
        found: Mapping[str, Any] = self.template.get("Outputs") or {}
        return found

    def construct(self, logical_id: str) -> str:
        """Return the construct path of a resource below the stack; its logical id where none is noted."""
        return self.constructs.get(logical_id, logical_id)


def read_stacks(folder: Path) -> tuple[Stack, ...]:
    """Read the stacks of an assembly, and of the assemblies nested in it.

    Raises:
        InputError: the folder is none, or a file of it cannot be read.
    """
    found = tuple(_stack(artifact) for artifact in stack_artifacts(folder))
    if not found:
        raise InputError(f"{folder} holds no stack: synthesize an app into it, such as with cdk synth --all")
    return found


def _stack(artifact: StackArtifact) -> Stack:
    beside = {} if artifact.metadata_file is None else document(artifact.metadata_file)
    return Stack(
        path=artifact.path,
        stack_name=artifact.name,
        template=document(artifact.template),
        depends_on=frozenset(each.path for each in artifact.depends_on),
        **_notes(artifact.path, {**artifact.metadata, **beside}),
    )


class _Notes(TypedDict):
    constructs: dict[str, str]
    traces: dict[str, tuple[str, ...]]


def _notes(stack: str, metadata: Mapping[str, Any]) -> _Notes:
    """Return what the CDK notes of the constructs of a stack, by logical id."""
    notes = _Notes(constructs={}, traces={})
    for path, entries in metadata.items():
        by_type = {entry.get("type"): entry.get("data") for entry in entries}
        if not isinstance(logical_id := by_type.get(_LOGICAL_ID), str):
            continue
        # What an L2 construct is made for is called so by it.
        below = path.removeprefix(f"/{stack}/").removesuffix("/Resource").removesuffix("/Default")
        notes["constructs"][logical_id] = below
        if isinstance(trace := by_type.get(_CREATION_STACK), list):
            notes["traces"][logical_id] = tuple(map(str, trace))
    return notes
