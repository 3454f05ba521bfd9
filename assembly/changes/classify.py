"""Tells for each resource what a deployment would do to it."""

from collections.abc import Iterator, Mapping
from typing import Any

from assembly.changes.consumers import consumers
from assembly.changes.model import Cause, Change, Comparison, Fate, Kind
from assembly.changes.replacement import Verdict, verdicts
from assembly.changes.sources import Stack, TemplateSet
from assembly.changes.stateful import deletion_policy, holding_of, replacement_policy
from assembly.changes.successors import Place, successors

_KEEPING = frozenset({"Retain", "RetainExceptOnCreate"})
_SNAPSHOT = "Snapshot"
_PATH = "aws:cdk:path"


def compare(before: TemplateSet, after: TemplateSet) -> Comparison:
    """Compare what is deployed with what is to be.

    Raises:
        InputError: stacks of the new set depend on each other in a circle.
    """
    follows = successors(before, after)
    precedes = {new: old for old, new in follows.items()}
    decided = verdicts(before, after)
    changes: list[Change] = []
    for name, stack in after.stacks.items():
        for logical_id, resource in stack.resources.items():
            place = (name, logical_id)
            old = before.resource(name, logical_id)
            if old is None:
                changes.append(_added(stack, logical_id, resource, precedes.get(place)))
            else:
                changes.append(_kept(stack, logical_id, old, resource, decided[place]))
        if name in before.stacks:
            changes += _gone(before.stacks[name], after, follows)
    for name, stack in before.stacks.items():
        if name not in after.stacks:
            changes += _gone(stack, after, follows)
    replaced = {place for place, verdict in decided.items() if verdict.kind in {Kind.REPLACES, Kind.MAY_REPLACE}}
    return Comparison(changes=tuple(changes), consumers=consumers(before, after, replaced))


def _added(stack: Stack, logical_id: str, resource: Mapping[str, Any], precedes: Place | None) -> Change:
    reasons = (f"takes the place of {'/'.join(precedes)}",) if precedes else ()
    return _change(stack, logical_id, resource, kind=Kind.ADDED, reasons=reasons)


def _kept(stack: Stack, logical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], verdict: Verdict) -> Change:
    replaces = verdict.kind in {Kind.REPLACES, Kind.MAY_REPLACE}
    # What is there is of the old type, and so is what it holds.
    return _change(
        stack,
        logical_id,
        old,
        kind=verdict.kind,
        reasons=verdict.reasons,
        cause=(Cause.TYPE if old.get("Type") != new.get("Type") else Cause.PROPERTY) if replaces else None,
        fate=_fate(replacement_policy(new)) if replaces else None,
    )


def _gone(stack: Stack, after: TemplateSet, follows: Mapping[Place, Place]) -> Iterator[Change]:
    stays = stack.name not in after.stacks
    for logical_id, resource in stack.resources.items():
        if after.resource(stack.name, logical_id) is not None:
            continue
        policy = deletion_policy(resource)
        successor = follows.get((stack.name, logical_id))
        fate = Fate.KEPT if stays else _fate(policy)
        if successor is not None:
            renamed = successor[0] == stack.name
            kind, cause = Kind.REPLACES, Cause.RENAMED if renamed else Cause.MOVED
            reason = f"its logical id becomes {successor[1]}" if renamed else f"it moves to {'/'.join(successor)}"
            reason += ", which to CloudFormation is another resource: a new one is made"
        elif stays:
            kind, cause = Kind.ORPHANS, Cause.STACK_REMOVED
            reason = "the app has its stack no more; cdk deploy leaves that as it is"
        else:
            kind, cause = Kind.DELETES if fate is Fate.DELETED else Kind.ORPHANS, Cause.REMOVED
            reason = f"it is gone from the template; DeletionPolicy {policy}"
        yield _change(
            after.stacks.get(stack.name, stack),
            logical_id,
            resource,
            kind=kind,
            reasons=(reason,),
            cause=cause,
            fate=fate,
            successor=successor,
        )


def _change(
    stack: Stack,
    logical_id: str,
    resource: Mapping[str, Any],
    *,
    kind: Kind,
    reasons: tuple[str, ...],
    cause: Cause | None = None,
    fate: Fate | None = None,
    successor: Place | None = None,
) -> Change:
    return Change(
        stack=stack.name,
        stack_id=stack.id,
        logical_id=logical_id,
        type=str(resource.get("Type")),
        path=_construct_path(resource, logical_id),
        kind=kind,
        reasons=reasons,
        cause=cause,
        fate=fate,
        holding=holding_of(resource),
        successor=successor,
    )


def _fate(policy: str) -> Fate:
    if policy in _KEEPING:
        return Fate.KEPT
    return Fate.SNAPSHOT if policy == _SNAPSHOT else Fate.DELETED


def _construct_path(resource: Mapping[str, Any], logical_id: str) -> str:
    # "stack/Database/Cluster/Resource": L2 constructs call the resource itself so.
    parts = str((resource.get("Metadata") or {}).get(_PATH, "")).split("/")[1:]
    return "/".join(part for part in parts if part != "Resource") or logical_id
