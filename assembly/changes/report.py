"""Prints a comparison for people and for programs."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assembly.changes.model import Change, Comparison, Consumer, Kind
from assembly.changes.recipes import recipe

_QUIET = frozenset({Kind.UNCHANGED})


def deploy_command(consumer: Consumer, assembly: Path | None) -> str:
    """What deploys a stack once more although its template is the same."""
    app = f" --app {assembly}" if assembly else ""
    return f"cdk deploy{app} --exclusively --force {consumer.stack_id}"


def as_text(comparison: Comparison, assembly: Path | None, confirmed: Sequence[str] = ()) -> str:
    """What changes, what stops it with its recipes, and what has to be deployed once more."""
    return "".join(f"{line}\n" for line in _lines(comparison, assembly, confirmed))


def as_json(comparison: Comparison, assembly: Path | None, confirmed: Sequence[str] = ()) -> str:
    """The same as a document: every resource, the unchanged ones included."""
    dangers = {change.name for change in comparison.dangers(confirmed)}
    document = {
        "counts": _counts(comparison),
        "changes": [_entry(change, stops=change.name in dangers) for change in comparison.changes],
        "redeploy": [
            {
                "stack": consumer.stack,
                "holds": list(consumer.holds),
                "command": deploy_command(consumer, assembly),
            }
            for consumer in comparison.consumers
        ],
        "safe": not dangers,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _lines(comparison: Comparison, assembly: Path | None, confirmed: Sequence[str]) -> Iterator[str]:
    counts = _counts(comparison)
    yield ", ".join(f"{number} {kind}" for kind, number in counts.items()) or "no resources"
    stack = None
    for change in comparison.changes:
        if change.kind in _QUIET:
            continue
        if change.stack != stack:
            stack = change.stack
            yield from ("", stack)
        yield f"  {change.kind:<11}  {change.type}  {_named(change)}"
        # What is merely updated says so by its kind: reasons are for what may be lost.
        if change.kind not in {Kind.ADDED, Kind.IN_PLACE}:
            yield from (f"               {reason}" for reason in change.reasons)
            if change.fate:
                yield f"               the old one {change.fate}"
    yield from _traces(comparison)
    yield from _dangers(comparison, confirmed)
    yield from _consumers(comparison, assembly)


def _traces(comparison: Comparison) -> Iterator[str]:
    lost = [change for change in comparison.destructive() if change.holding is not None and not change.holding.is_data]
    if lost:
        yield from ("", "take note: nothing stops for these, but something goes with them")
    for change in lost:
        if change.holding is not None:
            yield f"  {change.name}: {change.holding.what}; {change.holding.move}"


def _dangers(comparison: Comparison, confirmed: Sequence[str]) -> Iterator[str]:
    dangers = comparison.dangers(confirmed)
    for change in dangers:
        what = change.holding.what if change.holding else ""
        yield from ("", f"STOP: {change.name} ({change.type}, {change.path}) holds {what}, and {_doing(change)}")
        yield from (f"  because: {reason}" for reason in change.reasons)
        yield from (f"  {number}. {step}" for number, step in enumerate(recipe(change), 1))
    if dangers:
        names = " ".join(change.logical_id for change in dangers)
        yield from ("", f"to go on all the same, name what may go: CONFIRM='{names}' (as a flag: --confirm)")
    for change in comparison.changes:
        if change.dangerous and change not in dangers:
            yield from ("", f"confirmed: {change.name} {change.kind}")


def _consumers(comparison: Comparison, assembly: Path | None) -> Iterator[str]:
    if comparison.consumers:
        yield from (
            "",
            "their templates stay the same, but what they refer to changes; after the deployment, in this order:",
        )
    for consumer in comparison.consumers:
        yield f"  {deploy_command(consumer, assembly)}"
        yield f"    holds {', '.join(consumer.holds)}"


def _doing(change: Change) -> str:
    return {
        Kind.REPLACES: "would be replaced",
        Kind.MAY_REPLACE: "may be replaced",
        Kind.ORPHANS: "would be left behind",
        Kind.DELETES: "would be deleted",
    }[change.kind]


def _named(change: Change) -> str:
    return change.logical_id if change.path == change.logical_id else f"{change.path} ({change.logical_id})"


def _counts(comparison: Comparison) -> dict[str, int]:
    counts = Counter(change.kind for change in comparison.changes)
    return {kind.value: counts[kind] for kind in Kind if counts[kind]}


def _entry(change: Change, *, stops: bool) -> dict[str, Any]:
    return {
        "stack": change.stack,
        "logical_id": change.logical_id,
        "type": change.type,
        "path": change.path,
        "kind": change.kind.value,
        "reasons": list(change.reasons),
        "old": change.fate.value if change.fate else None,
        "holds": change.holding.what if change.holding else None,
        "weight": change.holding.weight.value if change.holding else None,
        "successor": "/".join(change.successor) if change.successor else None,
        "stops": stops,
        "recipe": recipe(change) if stops else [],
    }
