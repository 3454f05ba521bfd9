"""The templates of a cloud assembly, and which of their resources a value refers to."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assembly.errors import InputError

_PATH = "aws:cdk:path"
# CDK's own name for an environment whose region is not known before deployment.
_UNKNOWN_REGION = "unknown-region"


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

    def of_type(self, resource_type: str) -> list[Resource]:
        """Resources of a type, in the assembly's order."""
        return [resource for resource in self.resources if resource.type == resource_type]

    def referenced(self, value: Any, stack: str) -> set[Resource]:
        """The resources that a value in a template of this stack names, through outputs of other stacks as well."""
        known = {(resource.stack, resource.logical_id): resource for resource in self.resources}
        found = (known.get(target) for target in self._targets(value, stack))
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
    for stack, region, template in _templates(folder):
        for logical_id, resource in template.get("Resources", {}).items():
            resources.append(
                Resource(
                    stack=stack,
                    logical_id=logical_id,
                    type=str(resource.get("Type")),
                    properties=resource.get("Properties") or {},
                    path=_path(resource, logical_id),
                    region=region,
                )
            )
        for name, output in (template.get("Outputs") or {}).items():
            outputs[stack, name] = output.get("Value")
            if isinstance(exported := output.get("Export", {}).get("Name"), str):
                exports[exported] = stack, output.get("Value")
    if not resources:
        raise InputError(f"{folder} holds no stack: synthesize an app into it, such as with cdk synth --all")
    return Assembly(tuple(resources), outputs, exports)


def _templates(folder: Path) -> Iterator[tuple[str, str | None, dict[str, Any]]]:
    """Name, region and template of each stack."""
    manifest = _document(folder / "manifest.json")
    for key, artifact in manifest.get("artifacts", {}).items():
        properties = artifact.get("properties", {})
        if artifact.get("type") == "aws:cloudformation:stack":
            region = str(artifact.get("environment", "")).rpartition("/")[2]
            yield (
                properties.get("stackName", key),
                region if region and region != _UNKNOWN_REGION else None,
                _document(folder / properties["templateFile"]),
            )
        elif artifact.get("type") == "cdk:cloud-assembly":
            yield from _templates(folder / properties["directoryName"])


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        hint = "synthesize first, such as with cdk synth --all, or name the folder: --assembly FOLDER"
        raise InputError(f"{path} cannot be read ({error.strerror}); {hint}") from None
    except ValueError as error:
        raise InputError(f"{path} is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise InputError(f"{path} is no JSON object")
    return document


def _path(resource: dict[str, Any], logical_id: str) -> str:
    # "stack/Database/Cluster/Resource": L2 constructs call the resource itself so.
    parts = str((resource.get("Metadata") or {}).get(_PATH, "")).split("/")[1:]
    return "/".join(part for part in parts if part != "Resource") or logical_id
