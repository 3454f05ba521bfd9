"""Sets of templates: cloud assemblies, or folders with a template per stack."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assembly.errors import InputError
from assembly.manifest import document, is_assembly, stack_artifacts

Template = Mapping[str, Any]

_SUFFIXES = (".template.json", ".json")
_HINT = "name a cloud assembly, or a folder with a template per stack"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    """A stack with its template."""

    name: str
    """CloudFormation's name for it."""
    id: str
    """Its construct id, as in `cdk deploy <id>`; the name where only the template is known."""
    template: Template = field(repr=False)
    region: str | None = None
    """None if it is not known."""
    depends_on: frozenset[str] = frozenset()
    """Names of the stacks that the CLI deploys before it."""

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The template's resources by logical id."""
        return self.template.get("Resources") or {}

    @property
    def outputs(self) -> Mapping[str, Mapping[str, Any]]:
        """The template's outputs by name."""
        return self.template.get("Outputs") or {}


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateSet:
    """All stacks of one state of a system."""

    stacks: Mapping[str, Stack]
    """By CloudFormation's name, in the order in which they were found."""
    assembly: Path | None = None
    """The cloud assembly they are of, if they are of one: the CLI deploys from it."""

    def resource(self, stack: str, logical_id: str) -> Mapping[str, Any] | None:
        """A resource as its template has it; None where there is none."""
        found = self.stacks.get(stack)
        return found.resources.get(logical_id) if found else None


def read_set(folder: Path) -> TemplateSet:
    """Reads a cloud assembly with those nested in it, or a folder of templates named `<stack>.json`.

    Raises:
        InputError: the folder is missing, holds no stack, or a file of it is no template.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; {_HINT}")
    of_assembly = is_assembly(folder)
    found = {stack.name: stack for stack in (_of_assembly(folder) if of_assembly else _of_folder(folder))}
    if not found:
        raise InputError(
            f"{folder} holds no stack; synthesize an app into it (cdk synth --all --output {folder}), "
            "or put a template per stack into it, named <stack>.json"
        )
    return TemplateSet(stacks=found, assembly=folder if of_assembly else None)


def _of_assembly(folder: Path) -> Iterator[Stack]:
    for artifact in stack_artifacts(folder):
        yield Stack(
            name=artifact.name,
            id=artifact.path,
            template=_template(artifact.template),
            region=artifact.region,
            depends_on=frozenset(each.name for each in artifact.depends_on),
        )


def _of_folder(folder: Path) -> Iterator[Stack]:
    for path in sorted(folder.glob("*.json")):
        suffix = next(suffix for suffix in _SUFFIXES if path.name.endswith(suffix))
        name = path.name.removesuffix(suffix)
        yield Stack(name=name, id=name, template=_template(path))


def _template(path: Path) -> Template:
    template = document(path, _HINT)
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not all(isinstance(each, dict) for each in resources.values()):
        raise InputError(f"{path} is no CloudFormation template: it has no Resources")
    return template
