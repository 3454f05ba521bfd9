"""Template values in a form that can be compared: what they refer to instead of how they spell it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assembly.changes.sources import TemplateSet

# ${Name} and ${Name.Attribute} of Fn::Sub; ${!Name} is text.
_PLACE = re.compile(r"\$\{(?P<name>[^!}][^}]*)\}")
_PSEUDO = "AWS::"
REF = "Ref"

Followed = frozenset[tuple[str, str]]
"""Stack and name of outputs."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a resource of a stack is known by."""

    stack: str
    logical_id: str
    attribute: str = REF
    """Name of the attribute; `Ref` for what Ref returns."""


class Values:
    """Resolves values of one set of templates."""

    def __init__(self, templates: TemplateSet) -> None:
        """Read the exports; nothing is resolved yet."""
        self._set = templates
        self._exports = {
            name: (stack.name, output)
            for stack in templates.stacks.values()
            for output, definition in stack.outputs.items()
            if isinstance(name := (definition.get("Export") or {}).get("Name"), str)
        }

    def resolve(self, value: Any, stack: str, through: Followed = frozenset()) -> Any:
        """The value with a Reference for each intrinsic that names a resource, in whichever stack it is.

        What else it depends on (a parameter, a condition, a mapping) stands in it by its definition, so that a change
        of the definition is a change of the value. `through` are the outputs that were followed to it.
        """
        if isinstance(value, list):
            return [self.resolve(each, stack, through) for each in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            return self._intrinsic(name, argument, stack, through)
        return {key: self.resolve(each, stack, through) for key, each in value.items()}

    def output(self, stack: str, name: str) -> Any:
        """The resolved value of an output; None where there is none."""
        found = self._set.stacks.get(stack)
        definition = found.outputs.get(name) if found else None
        return self.resolve(definition.get("Value"), stack, frozenset({(stack, name)})) if definition else None

    def condition(self, resource: Mapping[str, Any], stack: str) -> Any:
        """What a resource is made under; None if it is made in any case."""
        name = resource.get("Condition")
        return None if name is None else self.resolve(self._definition("Conditions", str(name), stack), stack)

    def _intrinsic(self, name: str, argument: Any, stack: str, through: Followed) -> Any:
        match name, argument:
            case "Ref", str():
                found = self._named(argument, REF, stack)
            case "Fn::GetAtt", [str() as logical_id, attribute]:
                found = Reference(stack, logical_id, str(attribute))
            case "Fn::GetAtt", str():
                logical_id, _, attribute = argument.partition(".")
                found = Reference(stack, logical_id, attribute)
            case "Fn::Sub", str() | [str(), dict()]:
                found = {name: self._substitution(argument, stack, through)}
            case "Fn::GetStackOutput", {"StackName": str() as producer, "OutputName": str() as output}:
                found = self._followed(producer, output, value={name: argument}, through=through)
            case "Fn::ImportValue", str() if argument in self._exports:
                found = self._followed(*self._exports[argument], value={name: argument}, through=through)
            case "Fn::FindInMap", [str() as mapping, *_]:
                content = self._definition("Mappings", mapping, stack)
                found = {name: self.resolve(argument, stack, through), "of": content}
            case "Fn::If", [str() as condition, *branches]:
                decides = self._definition("Conditions", condition, stack)
                found = {name: self.resolve([decides, *branches], stack, through)}
            case _:
                found = {name: self.resolve(argument, stack, through)}
        return found

    def _named(self, name: str, attribute: str, stack: str) -> Any:
        if self._set.resource(stack, name) is not None:
            return Reference(stack, name, attribute)
        if name.startswith(_PSEUDO) or (definition := self._definition("Parameters", name, stack)) is None:
            return {REF: name}
        return {"parameter": {key: definition.get(key) for key in ("Type", "Default")}}

    def _substitution(self, argument: Any, stack: str, through: Followed) -> list[Any]:
        text, given = (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])
        parts: list[Any] = []
        end = 0
        for place in _PLACE.finditer(text):
            name, _, attribute = place["name"].partition(".")
            here = given.get(place["name"])
            parts.append(text[end : place.start()])
            parts.append(
                self._named(name, attribute or REF, stack) if here is None else self.resolve(here, stack, through)
            )
            end = place.end()
        return [*parts, text[end:]]

    def _followed(self, producer: str, output: str, *, value: Any, through: Followed) -> Any:
        found = self._set.stacks.get(producer)
        definition = found.outputs.get(output) if found else None
        if definition is None or (producer, output) in through:
            return value
        return self.resolve(definition.get("Value"), producer, through | {(producer, output)})

    def _definition(self, section: str, name: str, stack: str) -> Any:
        found: Mapping[str, Any] = self._set.stacks[stack].template.get(section) or {}
        return found.get(name)


def references(value: Any) -> Iterator[Reference]:
    """Every resource that a resolved value names."""
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from references(each)


def outputs_read(value: Any) -> Iterator[tuple[str, str]]:
    """Stack and name of every output that a value, as the template has it, takes from another stack."""
    if isinstance(value, list):
        for each in value:
            yield from outputs_read(each)
    elif isinstance(value, dict):
        for name, argument in value.items():
            match name, argument:
                case "Fn::GetStackOutput", {"StackName": str() as producer, "OutputName": str() as output}:
                    yield producer, output
                case _:
                    yield from outputs_read(argument)
