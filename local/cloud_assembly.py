"""What a synthesized cloud assembly says about a deployment before it begins."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack of the assembly."""

    id: str
    """The construct id, as in `cdk deploy <id>`."""
    name: str
    """CloudFormation's name for it."""
    template: Path

    @cached_property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The template's resources by logical id."""
        resources: Mapping[str, Mapping[str, Any]] = json.loads(self.template.read_text()).get("Resources", {})
        return resources


@dataclass(frozen=True, kw_only=True, slots=True)
class Assembly:
    """Everything that one synthesis wrote."""

    stacks: tuple[Stack, ...] = ()
    """In the order of the manifest; those of stages included."""
    dockerfiles: frozenset[Path] = frozenset()
    """What the images of the stacks are built from."""

    def types(self) -> frozenset[str]:
        """Every CloudFormation type in use."""
        return frozenset(resource["Type"] for stack in self.stacks for resource in stack.resources.values())

    def variables(self, name: str) -> frozenset[str]:
        """The values that an environment variable has in containers and functions, those that are known by now."""
        values = (value for stack in self.stacks for value in _variables(stack.resources, name))
        return frozenset(value for value in values if isinstance(value, str))


def read_assembly(folder: Path) -> Assembly:
    """Read an assembly; one that isn't there, or is none, has no stacks."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
    except (OSError, ValueError):
        return Assembly()
    stacks: list[Stack] = []
    dockerfiles: set[Path] = set()
    for key, artifact in manifest.get("artifacts", {}).items():
        properties = artifact.get("properties", {})
        match artifact.get("type"):
            case "aws:cloudformation:stack":
                template = folder / properties.get("templateFile", f"{key}.template.json")
                name = properties.get("stackName", key)
                stacks.append(Stack(id=artifact.get("displayName", key), name=name, template=template))
            case "cdk:asset-manifest":
                dockerfiles |= _dockerfiles(folder, folder / properties["file"])
            case "cdk:cloud-assembly":
                nested = read_assembly(folder / properties["directoryName"])
                stacks += nested.stacks
                dockerfiles |= nested.dockerfiles
    return Assembly(stacks=tuple(stacks), dockerfiles=frozenset(dockerfiles))


def _dockerfiles(folder: Path, asset_manifest: Path) -> set[Path]:
    images = json.loads(asset_manifest.read_text()).get("dockerImages", {})
    sources = (image["source"] for image in images.values() if "directory" in image["source"])
    return {folder / source["directory"] / source.get("dockerFile", "Dockerfile") for source in sources}


def _variables(resources: Mapping[str, Mapping[str, Any]], name: str) -> Iterator[object]:
    for resource in resources.values():
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::ECS::TaskDefinition":
                containers = properties.get("ContainerDefinitions", [])
                pairs = (pair for container in containers for pair in container.get("Environment", []))
                yield from (pair["Value"] for pair in pairs if pair["Name"] == name)
            case "AWS::Lambda::Function":
                variables = properties.get("Environment", {}).get("Variables", {})
                yield from (value for key, value in variables.items() if key == name)
