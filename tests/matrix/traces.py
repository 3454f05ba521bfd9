"""What a field leaves in the templates, told apart from the work of all others.

Rows are made so that no two options go the same way. So if some place of the templates is other wherever a field is
other, that is the work of this field.
"""

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from tests.support.synth import Assembly

Features = Mapping[str, Mapping[str, str]]
"""By resource: its values by their paths."""

# Rows that have to be looked at to tell two values apart: in fewer, another field may have gone the same way.
_ENOUGH = 12
# What names an entry of a list, wherever it stands in it.
_NAMES = ("Name", "Key", "ContainerName", "Id")


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the templates, in all rows."""

    values: tuple[int | None, ...]
    """A number for what is there in each row; None where nothing is."""
    there: tuple[bool, ...]
    """Whether there is the resource that it belongs to."""


def features(assembly: Assembly) -> Features:
    """Return every value of the templates, and what the app notes beside them."""
    found: dict[str, dict[str, str]] = {}
    for stack, template in assembly.templates.items():
        for logical_id, resource in template["Resources"].items():
            found[f"{stack}/{logical_id}"] = dict(_flat(resource, ""))
    for stack, notes in assembly.notes.items():
        found[f"{stack} notes"] = dict(_flat(notes, ""))
    return found


def places(rows: Sequence[Features]) -> frozenset[Place]:
    """Return the places of all rows; those that always change together are one."""
    found = set()
    for resource in {resource for row in rows for resource in row}:
        there = tuple(resource in row for row in rows)
        found.add(Place(tuple(0 if each else None for each in there), (True,) * len(rows)))
        for path in {path for row in rows for path in row.get(resource, ())}:
            numbers: dict[str, int] = {}
            texts = (row.get(resource, {}).get(path) for row in rows)
            values = tuple(None if text is None else numbers.setdefault(text, len(numbers)) for text in texts)
            found.add(Place(values, there))
    return frozenset(found)


def leaves_a_trace(values: Sequence[Hashable | None], found: frozenset[Place]) -> bool:
    """Tell whether the templates of any two values of a field differ, whatever else differs.

    Args:
        values: of the field in each row; None where the part that it belongs to is left out.
        found: the places of the same rows.
    """
    there = [value is not None for value in values]
    if any(_tells_apart(values, place.values, there) for place in found):
        return True
    return all(_differ(pair, values, found) for pair in combinations({value for value in values if value}, 2))


def _differ(pair: Sequence[Hashable], values: Sequence[Hashable | None], found: frozenset[Place]) -> bool:
    """Tell whether a place is other with one value than with the other, wherever its resource is."""
    compared = [value in pair for value in values]
    for place in found:
        looked_at = [is_compared and is_there for is_compared, is_there in zip(compared, place.there, strict=True)]
        if sum(looked_at) >= _ENOUGH and _tells_apart(values, place.values, looked_at):
            return True
    return False


def _tells_apart(values: Sequence[Hashable | None], found: Sequence[int | None], looked_at: Sequence[bool]) -> bool:
    by_value: dict[Hashable, set[int | None]] = {}
    for value, each, is_looked_at in zip(values, found, looked_at, strict=True):
        if is_looked_at:
            by_value.setdefault(value, set()).add(each)
    kinds = len(set().union(*by_value.values()))
    # A place that is other in every row is the work of many fields.
    of_few = kinds <= 2 * len(by_value)
    return of_few and len(by_value) > 1 and kinds > 1 and sum(map(len, by_value.values())) == kinds


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(each, f"{path}/{key}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            names = [each[name] for name in _NAMES if isinstance(each, dict) and isinstance(each.get(name), str)]
            yield from _flat(each, f"{path}/{names[0] if names else number}")
            # Whether it is there at all, in whatever place.
            yield f"{path} has {json.dumps(each, sort_keys=True)}", "yes"
        yield f"{path} has", str(len(value))
    else:
        yield path, str(value)
