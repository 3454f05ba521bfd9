"""Finds what takes the place of a resource that is gone from its template: renamed, or moved to another stack."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from assembly.changes.sources import TemplateSet
from assembly.changes.values import Reference, Values

Place = tuple[str, str]
"""Stack and logical id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Candidate:
    place: Place
    type: str
    shape: Any
    """Its properties with the types of what they refer to, whatever that is called."""


def successors(before: TemplateSet, after: TemplateSet) -> dict[Place, Place]:
    """The place of the successor by the place of what is gone; what has none is left out."""
    gone, new = _only_in(before, after), _only_in(after, before)
    many = Counter((each.place[0], each.type) for each in gone), Counter((each.place[0], each.type) for each in new)
    found: dict[Place, Place] = {}
    for old in gone:
        free = [each for each in new if each.type == old.type and each.place not in found.values()]
        here = [each for each in free if each.place[0] == old.place[0]]
        elsewhere = [each for each in free if each.place[0] != old.place[0]]
        alike = [each for each in here if each.shape == old.shape]
        alone = here if many[0][old.place[0], old.type] == many[1][old.place[0], old.type] == 1 else []
        moved = [each for each in elsewhere if each.place[1] == old.place[1]]
        moved = moved or [each for each in elsewhere if each.shape == old.shape]
        candidates = alike or alone or moved
        if candidates:
            found[old.place] = max(candidates, key=lambda each: _likeness(old, each)).place
    return found


def _only_in(those: TemplateSet, others: TemplateSet) -> list[_Candidate]:
    values = Values(those)
    return [
        _Candidate(
            place=(stack.name, logical_id),
            type=str(resource.get("Type")),
            shape=_shape(values.resolve(resource.get("Properties") or {}, stack.name), those),
        )
        for stack in those.stacks.values()
        for logical_id, resource in stack.resources.items()
        if others.resource(stack.name, logical_id) is None
    ]


def _shape(value: Any, templates: TemplateSet) -> Any:
    match value:
        case Reference():
            resource: Mapping[str, Any] = templates.resource(value.stack, value.logical_id) or {}
            return "a reference to", resource.get("Type"), value.attribute
        case list():
            return [_shape(each, templates) for each in value]
        case dict():
            return {key: _shape(each, templates) for key, each in value.items()}
    return value


def _likeness(old: _Candidate, new: _Candidate) -> float:
    return SequenceMatcher(a=old.place[1], b=new.place[1], autojunk=False).ratio()
