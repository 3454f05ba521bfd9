"""Where in the construct tree the resources of a template stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assembly.manifest import document, stack_artifacts

_PATH = "aws:cdk:path"
# What L2 constructs call the resource itself.
_SELF = "/Resource"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """One resource of a template."""

    path: str
    """Construct path with its stack, such as `Queue/Notifications/Queue`."""
    type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """One stack of an assembly."""

    file: Path
    stack: str
    """Construct path of the stack."""
    name: str
    """CloudFormation's name of the stack."""
    resources: Mapping[str, Place]
    """By logical id."""

    def place(self, logical_id: str | None) -> Place:
        """Return the place of a resource; without one that the template has, the stack itself."""
        return self.resources.get(logical_id or "", Place(path=self.stack, type=""))


def templates_of(assembly: Path) -> list[Template]:
    """Return the templates of an assembly.

    Raises:
        InputError: a file of it cannot be read.
    """
    found = []
    for stack in stack_artifacts(assembly):
        resources = document(stack.template).get("Resources", {})
        places = {
            logical_id: Place(
                path=plain((resource.get("Metadata") or {}).get(_PATH, f"{stack.path}/{logical_id}")),
                type=str(resource.get("Type")),
            )
            for logical_id, resource in resources.items()
        }
        found.append(Template(file=stack.template, stack=stack.path, name=stack.name, resources=places))
    return found


def plain(construct_path: str) -> str:
    """Return a construct path without the id that L2 constructs give to the resource itself."""
    return construct_path.removesuffix(_SELF)
