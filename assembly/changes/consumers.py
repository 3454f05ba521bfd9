"""Stacks that must be deployed once more, although their templates stay as they are, and in which order."""

from collections.abc import Iterator, Set
from graphlib import CycleError, TopologicalSorter

from assembly.changes.model import Consumer
from assembly.changes.sources import Stack, TemplateSet
from assembly.changes.successors import Place
from assembly.changes.values import Values, outputs_read, references
from assembly.errors import InputError


def consumers(before: TemplateSet, after: TemplateSet, replaced: Set[Place]) -> tuple[Consumer, ...]:
    """The stacks that hold a value of another stack that changes with this deployment, in the order to deploy them.

    A stack whose own template changes is left out: the CLI deploys it, after those it takes values from.

    Raises:
        InputError: the stacks depend on each other in a circle.
    """
    old_values, new_values = Values(before), Values(after)
    found = []
    for stack in in_order(after):
        known = before.stacks.get(stack.name)
        if known is None or known.template != stack.template:
            continue
        held: dict[tuple[str, str], set[str]] = {}
        for producer, output in outputs_read(stack.template):
            value = new_values.output(producer, output)
            places = {(each.stack, each.logical_id) for each in references(value)} & replaced
            if places or value != old_values.output(producer, output):
                held[producer, output] = {"/".join(place) for place in places} or {f"{producer}/{output}"}
        if held:
            found.append(
                Consumer(
                    stack=stack.name,
                    stack_id=stack.id,
                    holds=tuple(sorted(set().union(*held.values()))),
                    resources=tuple(
                        logical_id
                        for logical_id, resource in stack.resources.items()
                        if held.keys() & set(outputs_read(resource))
                    ),
                )
            )
    return tuple(found)


def in_order(templates: TemplateSet) -> list[Stack]:
    """The stacks, each after those it depends on or takes values from.

    Raises:
        InputError: they depend on each other in a circle.
    """
    stacks = templates.stacks
    sorter = TopologicalSorter({name: list(_needs(stack, templates)) for name, stack in stacks.items()})
    try:
        return [stacks[name] for name in sorter.static_order()]
    except CycleError as error:
        circle = " → ".join(str(name) for name in error.args[1])
        raise InputError(f"stacks depend on each other in a circle: {circle}") from None


def _needs(stack: Stack, templates: TemplateSet) -> Iterator[str]:
    producers = stack.depends_on | {producer for producer, _ in outputs_read(stack.template)}
    return (name for name in templates.stacks if name in producers and name != stack.name)
