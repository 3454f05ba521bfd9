"""The templates of a cloud assembly, and which of their resources a value refers to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assembly.errors import InputError
from assembly.manifest import document, stack_artifacts

_PATH = "aws:cdk:path"


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of a template. Two are equal if they are one and the same."""

    stack: str
    """CloudFormation's name of its stack."""
    logical_id: str
    type: str = field(compare=False)
    properties: dict[str, Any] = field(compare=False, repr=False)
    path: str = field(compare=False)
    """Construct path without the stack, such as `Database/Cluster`; the logical id where there is none."""
    region: str | None = field(compare=False)
    """Region of its stack; None if it is chosen at deployment."""

    def value(self, name: str, default: Any = None) -> Any:
        """A property; the default where it is left out."""
        return self.properties.get(name, default)

    def number(self, name: str, default: int) -> int:
        """A property that is a number, which CloudFormation also takes as text; the default for what it computes."""
        value = self.properties.get(name, default)
        try:
            return int(value)
        except (TypeError, ValueError):
            return default

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A property that is true or false, also as text."""
        return str(self.properties.get(name, default)).lower() == "true"


@dataclass(frozen=True, slots=True)
class Assembly:
    """All stacks of an assembly."""

    resources: tuple[Resource, ...]
    outputs: dict[tuple[str, str], Any]
    """Value by stack and output name."""
    exports: dict[str, tuple[str, Any]]
    """Stack and value by export name."""
    _by_place: dict[tuple[str, str], Resource] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_place = {(resource.stack, resource.logical_id): resource for resource in self.resources}
        object.__setattr__(self, "_by_place", by_place)

    def of_type(self, resource_type: str) -> list[Resource]:
        """Resources of a type, in the assembly's order."""
        return [resource for resource in self.resources if resource.type == resource_type]

    def referenced(self, value: Any, stack: str) -> set[Resource]:
        """The resources that a value in a template of this stack names, through outputs of other stacks as well."""
        found = (self._by_place.get(target) for target in self._targets(value, stack))
        return {resource for resource in found if resource is not None}

    def _targets(self, value: Any, stack: str) -> Iterator[tuple[str, str]]:
        if isinstance(value, list):
            for each in value:
                yield from self._targets(each, stack)
        elif isinstance(value, dict):
            for name, argument in value.items():
                yield from self._target(name, argument, stack)

    def _target(self, name: str, argument: Any, stack: str) -> Iterator[tuple[str, str]]:
        match name, argument:
            case "Ref", str():
                yield stack, argument
            case "Fn::GetAtt", [str() as logical_id, *_]:
                yield stack, logical_id
            case "Fn::GetAtt", str():
                yield stack, argument.partition(".")[0]
            case "Fn::ImportValue", str() if argument in self.exports:
                producer, exported = self.exports[argument]
                yield from self._targets(exported, producer)
            case "Fn::GetStackOutput", {"StackName": str() as producer, "OutputName": str() as output}:
                yield from self._targets(self.outputs.get((producer, output)), producer)
            case _:
                yield from self._targets(argument, stack)


def read(folder: Path) -> Assembly:
    """Reads an assembly with the assemblies nested in it.

    Raises:
        InputError: the folder is none, or a file of it cannot be read.
    """
    resources: list[Resource] = []
    outputs: dict[tuple[str, str], Any] = {}
    exports: dict[str, tuple[str, Any]] = {}
    for stack in stack_artifacts(folder):
        template = document(stack.template)
        for logical_id, resource in template.get("Resources", {}).items():
            resources.append(
                Resource(
                    stack=stack.name,
                    logical_id=logical_id,
                    type=str(resource.get("Type")),
                    properties=resource.get("Properties") or {},
                    path=_path(resource, logical_id),
                    region=stack.region,
                )
            )
        for name, output in (template.get("Outputs") or {}).items():
            outputs[stack.name, name] = output.get("Value")
            if isinstance(exported := output.get("Export", {}).get("Name"), str):
                exports[exported] = stack.name, output.get("Value")
    if not resources:
        raise InputError(f"{folder} holds no stack: synthesize an app into it, such as with cdk synth --all")
    return Assembly(tuple(resources), outputs, exports)


def _path(resource: dict[str, Any], logical_id: str) -> str:
    # "stack/Database/Cluster/Resource": L2 constructs call the resource itself so.
    parts = str((resource.get("Metadata") or {}).get(_PATH, "")).split("/")[1:]
    return "/".join(part for part in parts if part != "Resource") or logical_id
