"""Every place of a template that names something: in the template itself, or in another stack."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from assembly.layering.stacks import Stack

Kind = Literal["Ref", "Fn::GetAtt", "DependsOn", "Condition", "Fn::FindInMap", "Fn::GetStackOutput", "Fn::ImportValue"]

# `${Name}` and `${Name.Attribute}`; `${!Name}` stands for itself.
_PLACEHOLDER = re.compile(r"\$\{([^!${}][^${}]*)\}")
# Functions that are given a name, alone or before other arguments, and the kind of what it is.
_BY_NAME: Mapping[str, Kind] = {
    "Ref": "Ref",
    "Condition": "Condition",
    "Fn::FindInMap": "Fn::FindInMap",
    "Fn::GetAtt": "Fn::GetAtt",
    "Fn::If": "Condition",
    "Fn::ImportValue": "Fn::ImportValue",
}
_SECTIONS = ("Resources", "Outputs", "Conditions")
# By which a resource or an output names things without a function.
_OWN_KEYS = ("DependsOn", "Condition")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """A place that names something."""

    stack: Stack = field(repr=False)
    """The stack of the place."""
    section: str
    """Section of its template, such as `Resources`."""
    logical_id: str
    """Name within the section."""
    place: str
    """Path below it, such as `Properties.Targets[0].Id`."""
    kind: Kind
    """How it names it."""
    name: str
    """What it names: a logical id, an output or an export."""
    producer: str | None = None
    """CloudFormation's name of the stack whose output it names; None within the template."""

    @property
    def resource_type(self) -> str:
        """Type of the resource it stands in; empty outside of resources."""
        return str(self.stack.resources.get(self.logical_id, {}).get("Type", "")) if self.section == "Resources" else ""


def references(stack: Stack) -> Iterator[Reference]:
    """Yield every reference of a template, in its order."""
    for section in _SECTIONS:
        for logical_id, value in (stack.template.get(section) or {}).items():
            for place, kind, name, producer in _within(value, "", whole=True):
                yield Reference(
                    stack=stack,
                    section=section,
                    logical_id=logical_id,
                    place=place,
                    kind=kind,
                    name=name,
                    producer=producer,
                )


def dangling(stacks: Iterable[Stack]) -> list[Reference]:
    """Return the references to what is not there; CloudFormation refuses each, some not before the deployment."""
    by_name = {stack.stack_name: stack for stack in stacks}
    exports = {
        str((output.get("Export") or {}).get("Name")) for stack in by_name.values() for output in stack.outputs.values()
    }
    return [
        reference
        for stack in by_name.values()
        for reference in references(stack)
        if not _is_there(reference, by_name, exports)
    ]


def _is_there(reference: Reference, stacks: Mapping[str, Stack], exports: set[str]) -> bool:
    template, name = reference.stack.template, reference.name
    match reference.kind:
        case "Ref":
            there = (template.get("Resources") or {}).keys() | (template.get("Parameters") or {}).keys()
            return name in there or name.startswith("AWS::")
        case "Fn::GetAtt" | "DependsOn":
            return name in (template.get("Resources") or {})
        case "Condition":
            return name in (template.get("Conditions") or {})
        case "Fn::FindInMap":
            return name in (template.get("Mappings") or {})
        case "Fn::GetStackOutput":
            producer = stacks.get(reference.producer or "")
            return producer is not None and name in producer.outputs
        case "Fn::ImportValue":
            return name in exports


_Found = tuple[str, Kind, str, str | None]


def _within(value: Any, place: str, *, whole: bool = False, in_function: bool = False) -> Iterator[_Found]:
    """Yield what a value names.

    Args:
        value: of a template, or of a part of it.
        place: path to it.
        whole: it is a resource, an output or a condition, which names things by keys of its own as well.
        in_function: it is what a function is given, which has the place of the function itself.
    """
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from _within(each, place if in_function else f"{place}[{number}]", in_function=in_function)
    elif isinstance(value, dict):
        for key, argument in value.items():
            inner = place if in_function or _is_function(key) else f"{place}.{key}".removeprefix(".")
            if whole and key in _OWN_KEYS:
                yield from _of_own_key(key, argument)
            elif not (whole and key == "Metadata"):
                yield from _of_function(key, argument, place) if len(value) == 1 else ()
                yield from _within(argument, inner, in_function=in_function or _is_function(key))


def _is_function(key: str) -> bool:
    return key == "Ref" or key.startswith("Fn::")


def _of_own_key(key: str, argument: Any) -> Iterator[_Found]:
    kind: Kind = "DependsOn" if key == "DependsOn" else "Condition"
    for name in [argument] if isinstance(argument, str) else argument:
        yield key, kind, name, None


def _of_function(function: str, argument: Any, place: str) -> Iterator[_Found]:
    if function == "Fn::Sub":
        for kind, name in _of_text(argument):
            yield place, kind, name, None
    elif function == "Fn::GetStackOutput" and isinstance(argument, dict):
        yield place, "Fn::GetStackOutput", str(argument.get("OutputName")), str(argument.get("StackName"))
    elif function in _BY_NAME:
        name = argument[0] if isinstance(argument, list) and argument else argument
        if isinstance(name, str):
            # The short form of Fn::GetAtt.
            yield place, _BY_NAME[function], name.partition(".")[0] if function == "Fn::GetAtt" else name, None


def _of_text(argument: Any) -> Iterator[tuple[Kind, str]]:
    """Yield what the placeholders of Fn::Sub name, except those that it is given values for."""
    text, *given = [argument] if isinstance(argument, str) else argument
    for name in _PLACEHOLDER.findall(text):
        if not any(name in values for values in given):
            yield ("Fn::GetAtt" if "." in name else "Ref"), name.partition(".")[0]
