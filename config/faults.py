"""From what pydantic and Python say about a module of the configuration to what helps a person to put it right."""

import sys
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config import section, tree
from config.end_of_life import refusal
from config.model import SystemConfig
from config.problems import Problem, as_written, close_to
from config.section import Refused, Section

# What marks a key of a mapping, rather than what stands under it.
_KEY = "[key]"
_RANGE_FAULTS = frozenset({"greater_than_equal", "less_than_equal"})
_KEY_FAULTS = frozenset({"string_pattern_mismatch", "string_too_long"})
_NAMES = "allowed: small letters and digits, with single hyphens between them, up to 24 characters, such as order-mail"
# Frames of these say nothing of where a person's mistake is: Python's library and installed packages raise on behalf
# of whoever calls them, and so do the two modules here that make sections and call a person's functions.
_OTHERS = (
    sys.base_prefix,
    sys.prefix,
    "<",
    section.__file__,
    __file__,
    str(Path(__file__).with_name("load.py")),
)


def refused_problems(refused: Iterable[Refused], root: object) -> list[Problem]:
    """Return the faults of sections, by their paths in the tree they were made for, as far as there is one."""
    found: list[Problem] = []
    for each in refused:
        kind = type(each.section)
        place = tree.place_of(each.section, root)
        known = place is not None or kind is SystemConfig
        prefix = place if place is not None else tree.without_tags(tree.path_of(kind))
        suffix = "" if known or _is_only(kind) else f" ({place_of_frames(each.stack)})"
        found += problems_of(each.error, kind, prefix, suffix)
    return found


def problems_of(
    error: ValidationError, kind: type[Section] = SystemConfig, prefix: tree.Path = (), suffix: str = ""
) -> list[Problem]:
    """Return the faults of one section of that class, whose own path is `prefix`."""
    problems: dict[str, Problem] = {}
    choices: dict[str, list[str]] = {}
    for fault in error.errors(include_url=False):
        loc = tuple(map(str, fault["loc"]))
        shown = tree.without_tags(loc, kind)
        if fault["type"] == "model_type":
            # One fault for each section that may stand there.
            classes = choices.setdefault(".".join(shown), [])
            classes.append(str(fault["ctx"]["class_name"]))
            allowed = f"allowed: {' or '.join(f'a {name}' for name in classes)}"
        else:
            allowed = _allowed(fault, loc, kind)
        if _KEY in shown:
            shown = shown[: shown.index(_KEY) - 1]
        field = ".".join((*prefix, *shown)) + suffix
        # What several sections that may stand there say alike is told once.
        identity = f"{field} {fault['type']} {as_written(fault['input'])}"
        given = {} if fault["type"] == "missing" else {"value": fault["input"]}
        is_range = fault["type"] in _RANGE_FAULTS
        problems[identity] = Problem(field=field, allowed=allowed, is_range=is_range, **given)
    return list(problems.values())


def mistake(error: Exception, module: str) -> Problem:
    """Say where a module of the configuration is wrong as Python, such as a misspelt name."""
    if isinstance(error, SyntaxError):
        place = f"{error.filename or module}, line {error.lineno}"
    else:
        place = place_of_frames(traceback.extract_tb(error.__traceback__)) or module
    told = str(error) or "nothing more is said"
    return Problem(field=place, allowed=f"{type(error).__name__}: {told}")


def place_of_frames(frames: Sequence[traceback.FrameSummary]) -> str:
    """Return the innermost line of a person's own, or nothing where there is none."""
    own = [frame for frame in frames if not frame.filename.startswith(_OTHERS)]
    return f"{own[-1].filename}, line {own[-1].lineno}" if own else ""


def _is_only(kind: type[Section]) -> bool:
    """Tell whether there is one section of a class in a tree, so that its class says where it stands."""
    path = tree.path_of(kind)
    return tree.ANY_KEY not in path and path != (kind.__name__,)


def _allowed(fault: Any, loc: tree.Path, kind: type[Section]) -> str:
    limits = tree.limits(loc, kind) if loc else {}
    if fault["type"] == "missing":
        return "is missing: give it a value"
    if loc[-1:] == (_KEY,) and fault["type"] in _KEY_FAULTS and "tags" not in loc:
        return f"not a name; {_NAMES}"
    if fault["type"] in _RANGE_FAULTS and limits:
        return f"out of range; {_range(limits)}{_nearest(fault['input'], limits)}"
    told = str(fault["msg"]).removeprefix("Value error, ")
    if not loc:
        return told
    known = refusal(tree.section_of(loc, kind), loc[-1], fault["input"])
    return (f"{known}; " if known else "") + told + _hint(fault["type"], loc, kind, limits)


def _hint(fault: str, loc: tree.Path, kind: type[Section], limits: dict[str, float]) -> str:
    """Return what may be there instead, where the fault itself does not say it."""
    fields = tree.section_of(loc, kind).model_fields
    if fault == "extra_forbidden":
        return f"; allowed: {', '.join(fields)}{close_to(loc[-1], fields)}"
    if fault.startswith(("int_", "float_")) and limits:
        return f"; {_range(limits)}"
    if fault == "string_pattern_mismatch" and loc[-1] in fields:
        return f"; {fields[loc[-1]].description}"
    return ""


def _nearest(value: object, limits: dict[str, float]) -> str:
    """Return the allowed number that is closest to one out of range; nothing for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if "ge" in limits and value < limits["ge"]:
        return f" (nearest: {limits['ge']})"
    return f" (nearest: {limits['le']})" if "le" in limits and value > limits["le"] else ""


def _range(limits: dict[str, float]) -> str:
    if "le" not in limits:
        return f"allowed: {limits['ge']} and more"
    return f"allowed: {limits['ge']} to {limits['le']}"
