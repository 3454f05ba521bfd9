"""What options are made of: choices between changes of a system.

A value that depends on the rest of the system is a function of it: rules between fields leave it no other choice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from config.model import SystemConfig

Change = Mapping[str, Any]
Of = Callable[[SystemConfig], Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """A choice between changes."""

    name: str
    choices: tuple[Change, ...]
    """Each by the dotted path of what it sets; a function is given the system as it is by then."""


def field(path: str, *values: Any) -> Option:
    """Return the choice between values of one field."""
    return Option(name=path, choices=tuple({path: value} for value in values))


def together(name: str, *choices: Change) -> Option:
    """Return the choice between values of fields that only go together."""
    return Option(name=name, choices=choices)


def seldom(path: str, value: Any) -> Option:
    """Return a choice that one row in six has: a part that is left out hides what the others would show."""
    return Option(name=path, choices=(*({},) * 5, {path: value}))


def only_if(holds: Callable[[SystemConfig], bool], value: Any, otherwise: Any) -> Of:
    def found(config: SystemConfig) -> Any:
        chosen = value if holds(config) else otherwise
        return chosen(config) if callable(chosen) else chosen

    return found


def has(part: str) -> Callable[[SystemConfig], bool]:
    return lambda config: getattr(config, part) is not None


def has_single(config: SystemConfig) -> bool:
    return "single" in config.services


def has_bucket(config: SystemConfig) -> bool:
    return config.storage is not None and "media" in config.storage.buckets
