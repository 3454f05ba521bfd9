"""Decides which resources that stay in their template are replaced all the same."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from assembly.changes.differences import difference
from assembly.changes.model import Kind
from assembly.changes.schemas import Pointer, Schema, at, schema_of, spelled
from assembly.changes.sources import TemplateSet
from assembly.changes.successors import Place
from assembly.changes.values import Values, references

# Beside the properties, what CloudFormation acts on. Metadata and DependsOn change no resource.
_ATTRIBUTES = ("DeletionPolicy", "UpdateReplacePolicy", "CreationPolicy", "UpdatePolicy")
_RANK = {kind: rank for rank, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a resource that both templates have, and why."""

    kind: Kind
    reasons: tuple[str, ...] = ()

    def and_(self, kind: Kind, reason: str) -> "Verdict":
        """The worse of both, with all reasons."""
        worse = max(self.kind, kind, key=lambda each: _RANK[each])
        return Verdict(worse, (*self.reasons, *((reason,) if reason not in self.reasons else ())))


@dataclass(kw_only=True, slots=True)
class _Shared:
    """A resource that both sets have, its values resolved."""

    type: str
    old: Any
    new: Any
    schema: Schema | None
    points_at: dict[Place, Kind] = field(default_factory=dict)
    """What becomes of it when the resource at a place is replaced; the worst of its properties."""


def verdicts(before: TemplateSet, after: TemplateSet) -> dict[Place, Verdict]:
    """What becomes of each resource that both sets have at the same place."""
    old_values, new_values = Values(before), Values(after)
    shared: dict[Place, _Shared] = {}
    found: dict[Place, Verdict] = {}
    for name, stack in after.stacks.items():
        for logical_id, new in stack.resources.items():
            old = before.resource(name, logical_id)
            if old is None:
                continue
            it = _Shared(
                type=str(new.get("Type")),
                old=old_values.resolve(old.get("Properties") or {}, name),
                new=new_values.resolve(new.get("Properties") or {}, name),
                schema=schema_of(str(new.get("Type")), stack.region),
            )
            it.points_at = _points_at(it)
            shared[name, logical_id] = it
            verdict = _verdict(it, old, new)
            if old_values.condition(old, name) != new_values.condition(new, name):
                verdict = verdict.and_(Kind.MAY_REPLACE, "its Condition changes: it may be made or deleted")
            found[name, logical_id] = verdict
    _propagate(shared, found)
    return found


def _verdict(it: _Shared, old: Mapping[str, Any], new: Mapping[str, Any]) -> Verdict:
    if old.get("Type") != new.get("Type"):
        reason = f"its type changes from {old.get('Type')} to {new.get('Type')}, which takes another logical id"
        return Verdict(Kind.REPLACES, (reason,))
    verdict = Verdict(Kind.UNCHANGED)
    for name in _ATTRIBUTES:
        if old.get(name) != new.get(name):
            verdict = verdict.and_(Kind.IN_PLACE, f"{name}: {difference(old.get(name), new.get(name))}")
    if it.old == it.new:
        return verdict
    if it.schema is None:
        names = ", ".join(sorted(_differing(it)))
        return verdict.and_(Kind.MAY_REPLACE, f"no schema is known of {it.type}: a change of {names} may replace it")
    for pointer, kind in _pointers(it.schema):
        was, becomes = at(it.old, pointer), at(it.new, pointer)
        if was != becomes:
            can = "can be set at creation only" if kind is Kind.REPLACES else "replaces it under some conditions"
            verdict = verdict.and_(kind, f"{spelled(pointer)} {can}: {difference(was, becomes)}")
    if verdict.kind in {Kind.REPLACES, Kind.MAY_REPLACE}:
        return verdict
    return verdict.and_(Kind.IN_PLACE, f"changes: {', '.join(sorted(_differing(it)))}")


def _propagate(shared: Mapping[Place, _Shared], found: dict[Place, Verdict]) -> None:
    """Replace in turn what refers to something replaced where it can be set at creation only, until nothing changes."""
    pending = [place for place, verdict in found.items() if verdict.kind in {Kind.REPLACES, Kind.MAY_REPLACE}]
    pointing: dict[Place, list[Place]] = {}
    for place, it in shared.items():
        for target in it.points_at:
            pointing.setdefault(target, []).append(place)
    while pending:
        target = pending.pop()
        surely = found[target].kind is Kind.REPLACES
        for place in pointing.get(target, []):
            kind = shared[place].points_at[target]
            if kind is Kind.REPLACES and not surely:
                kind = Kind.MAY_REPLACE
            was = found[place]
            word = "is" if surely else "may be"
            found[place] = was.and_(kind, f"refers to {'/'.join(target)}, which {word} replaced")
            if found[place].kind is not was.kind and found[place].kind in {Kind.REPLACES, Kind.MAY_REPLACE}:
                pending.append(place)


def _points_at(it: _Shared) -> dict[Place, Kind]:
    targets = {(each.stack, each.logical_id): Kind.IN_PLACE for each in references(it.new)}
    if it.schema is None:
        return dict.fromkeys(targets, Kind.MAY_REPLACE)
    for pointer, kind in reversed(list(_pointers(it.schema))):
        for each in references(at(it.new, pointer)):
            targets[each.stack, each.logical_id] = kind
    return targets


def _pointers(schema: Schema) -> Iterator[tuple[Pointer, Kind]]:
    yield from ((pointer, Kind.REPLACES) for pointer in schema.create_only)
    yield from ((pointer, Kind.MAY_REPLACE) for pointer in schema.conditional)


def _differing(it: _Shared) -> Iterator[str]:
    return (name for name in {*it.old, *it.new} if it.old.get(name) != it.new.get(name))
