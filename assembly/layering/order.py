"""The declared order of stacks."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from assembly.errors import InputError


@dataclass(frozen=True, slots=True)
class Order:
    """Stacks from the lowest up; those of a level stand side by side."""

    levels: tuple[tuple[str, ...], ...]
    """Construct ids of the stacks of each level."""

    @property
    def level_of(self) -> Mapping[str, int]:
        """The level of each stack, 0 the lowest."""
        return {name: number for number, level in enumerate(self.levels) for name in level}

    def among(self, names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
        """Return the levels with those stacks only that there are; a level without any is left out."""
        there = set(names)
        kept = (tuple(name for name in level if name in there) for level in self.levels)
        return tuple(level for level in kept if level)


def read_order(path: Path) -> Order:
    """Read the order from a TOML file: `levels`, a list of lists of construct ids.

    Raises:
        InputError: the file cannot be read, is no such file, or names a stack twice.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}); name the order of the stacks: --order FILE"
        ) from None
    except ValueError as error:
        raise InputError(f"{path} is no TOML: {error}") from None
    levels = document.get("levels")
    if not isinstance(levels, list) or not levels or not all(_is_level(level) for level in levels):
        raise InputError(f'{path} holds no order; write levels = [["Network"], ["Database"]], the lowest first')
    order = Order(tuple(tuple(level) for level in levels))
    names = [name for level in order.levels for name in level]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"{path} names {twice[0]} twice; a stack stands in one level")
    return order


def _is_level(level: object) -> bool:
    return isinstance(level, list) and bool(level) and all(isinstance(name, str) for name in level)
