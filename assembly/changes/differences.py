"""Says in one line how a value differs from another."""

import json
from typing import Any

from assembly.changes.values import Reference

_LONGEST = 100


def difference(old: Any, new: Any) -> str:
    """The first place in which resolved values differ, such as `0.Image: a → b`."""
    path, was, becomes = _first(old, new)
    place = ".".join(path)
    return f"{place}{': ' if place else ''}{_shown(was)} → {_shown(becomes)}"


def _first(old: Any, new: Any) -> tuple[tuple[str, ...], Any, Any]:
    pairs: list[tuple[str, Any, Any]] = []
    if isinstance(old, dict) and isinstance(new, dict):
        pairs = [(str(key), old.get(key), new.get(key)) for key in {**old, **new}]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        # A list of one, as a path leads to, needs no number.
        pairs = [(str(at) if len(old) > 1 else "", *each) for at, each in enumerate(zip(old, new, strict=True))]
    for name, was, becomes in pairs:
        if was != becomes:
            path, inner_was, inner_becomes = _first(was, becomes)
            return (name, *path) if name else path, inner_was, inner_becomes
    return (), old, new


def _shown(value: Any) -> str:
    if value is None or value == []:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value, default=_named).strip('"')
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _named(value: Reference) -> str:
    return f"{value.stack}/{value.logical_id}.{value.attribute}"
