"""Finds what is against the order of stacks, and says how to put it right."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assembly.layering.order import Order
from assembly.layering.places import TRACES, made_at
from assembly.layering.recipes import recipe_for
from assembly.layering.references import Reference, references
from assembly.layering.stacks import Stack

_STRONG = "@aws-cdk/core:defaultCrossStackReferences"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing against the order."""

    what: str
    """In one line: which stack does what it may not."""
    where: str | None = None
    """The place in the template."""
    names: str | None = None
    """What is named from there."""
    made: tuple[str, ...] = ()
    """The calls that made the resource of the place, the innermost first."""
    instead: str
    """What to write instead."""

    def __str__(self) -> str:
        """Give the finding, one line for what it is and one for each thing known of it."""
        made = f"{self.made[0]}{''.join(f', from {each}' for each in self.made[1:])}" if self.made else None
        if self.where is not None and made is None:
            made = f"not noted: synthesize with {TRACES}=1 in the environment"
        lines = {"where": self.where, "names": self.names, "made at": made, "instead": self.instead}
        return "\n".join([self.what, *(f"    {name + ':':9}{text}" for name, text in lines.items() if text)])


def check(stacks: Sequence[Stack], order: Order) -> list[Finding]:
    """Return every reference and dependency against the order, and every stack that the order does not name."""
    level_of = order.level_of
    unknown = [stack for stack in stacks if stack.name not in level_of]
    known = [stack for stack in stacks if stack.name in level_of]
    found = [
        *(_unknown(stack) for stack in unknown),
        *_against(known, level_of),
        *_dependencies(known, level_of),
        *_strong(known),
    ]
    # One place may name the same thing more than once.
    return list(dict.fromkeys(found))


def waves(stacks: Iterable[Stack]) -> list[set[str]]:
    """Return the names of the stacks in the order in which a concurrent deployment reaches them.

    Raises:
        ValueError: some wait for each other.
    """
    waiting = {stack.path: (stack.name, stack.depends_on) for stack in stacks}
    order: list[set[str]] = []
    while waiting:
        ready = {path for path, (_, needs) in waiting.items() if not needs & waiting.keys()}
        if not ready:
            message = f"these stacks wait for each other: {', '.join(sorted(waiting))}"
            raise ValueError(message)
        order.append({waiting.pop(path)[0] for path in ready})
    return order


def _unknown(stack: Stack) -> Finding:
    return Finding(
        what=f"{stack.name} stands in no level of the order",
        instead=f"add {stack.name} to the order, above all that it refers to and below all that refers to it",
    )


def _against(stacks: Sequence[Stack], level_of: Mapping[str, int]) -> Iterator[Finding]:
    producers = {stack.stack_name: stack for stack in stacks}
    exporters = {
        name: (stack, output)
        for stack in stacks
        for output, value in stack.outputs.items()
        if isinstance(name := (value.get("Export") or {}).get("Name"), str)
    }
    for stack in stacks:
        for reference in references(stack):
            producer, output = _named(reference, producers, exporters)
            if producer is None or producer is stack or level_of[producer.name] < level_of[stack.name]:
                continue
            recipe = recipe_for(reference)
            direction = "up" if level_of[producer.name] > level_of[stack.name] else "sideways"
            yield Finding(
                what=f"{stack.name} refers {direction} to {producer.name}: {recipe.kind}",
                where=_where(reference),
                names=_what(producer, output),
                made=made_at(stack, reference.logical_id),
                instead=recipe.told(lower=stack.name, upper=producer.name),
            )


def _named(
    reference: Reference, producers: Mapping[str, Stack], exporters: Mapping[str, tuple[Stack, str]]
) -> tuple[Stack | None, str]:
    """Return the stack that a reference leads to, if it leads to one, and the name of the output there."""
    if reference.kind == "Fn::GetStackOutput":
        return producers.get(reference.producer or ""), reference.name
    if reference.kind == "Fn::ImportValue":
        return exporters.get(reference.name, (None, ""))
    return None, ""


def _where(reference: Reference) -> str:
    stack, logical_id = reference.stack, reference.logical_id
    return (
        f"{stack.name}, {reference.resource_type or reference.section} {_shown(stack, logical_id)}, {reference.place}"
    )


def _shown(stack: Stack, logical_id: str) -> str:
    construct = stack.construct(logical_id)
    return logical_id if construct == logical_id else f"{construct} ({logical_id})"


def _what(stack: Stack, output: str) -> str:
    """Return what an output stands for: a resource, if it is one's."""
    value: Any = stack.outputs.get(output, {}).get("Value")
    match value:
        case {"Ref": str() as logical_id}:
            attribute = ""
        case {"Fn::GetAtt": [str() as logical_id, str() as name, *_]}:
            attribute = f".{name}"
        case _:
            return f"output {output} of {stack.name}"
    resource_type = stack.resources.get(logical_id, {}).get("Type", "")
    return f"{stack.name}, {resource_type} {_shown(stack, logical_id)}{attribute}"


def _dependencies(stacks: Sequence[Stack], level_of: Mapping[str, int]) -> Iterator[Finding]:
    """Yield the dependencies that no reference explains and that point up or sideways."""
    by_path = {stack.path: stack for stack in stacks}
    by_stack_name = {stack.stack_name: stack for stack in stacks}
    for stack in stacks:
        referred = {
            by_stack_name[reference.producer].path
            for reference in references(stack)
            if reference.producer is not None and reference.producer in by_stack_name
        }
        for path in sorted(stack.depends_on & by_path.keys() - referred):
            other = by_path[path]
            if level_of[other.name] >= level_of[stack.name]:
                yield Finding(
                    what=f"{stack.name} waits for {other.name}, and refers to nothing of it",
                    instead=f"take out the add_dependency on {other.name} from {stack.name} or from a construct in it",
                )


def _strong(stacks: Sequence[Stack]) -> Iterator[Finding]:
    for stack in stacks:
        for reference in references(stack):
            if reference.kind == "Fn::ImportValue":
                yield Finding(
                    what=f"{stack.name} imports {reference.name}: a strong reference",
                    where=_where(reference),
                    made=made_at(stack, reference.logical_id),
                    instead=f'an export in use can be neither changed nor removed; set "{_STRONG}": "weak" in cdk.json',
                )
