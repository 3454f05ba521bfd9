"""Packs the options into few configurations, each a row.

A row has a choice of every option. Of each option all choices are spread evenly over the rows, so that every kind of
environment gets each of them, and no two options go the same way: what depends on one of them alone cannot be mistaken
for the work of another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

from config.model import Section, SystemConfig
from tests.matrix.choices import Option
from tests.matrix.options import OPTIONS
from tests.matrix.system import KINDS, everything
from tests.support.changed import changed

# A multiple of six: one of six choices is what `seldom` takes.
ROWS_OF_A_KIND = 12
PROVIDERS = ("aws", "local")
_PROVIDER = Option(name="provider", choices=tuple({} for _ in PROVIDERS))


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A configuration, and where it is deployed to."""

    name: str
    config: SystemConfig
    provider: str


@cache
def rows() -> Mapping[str, Row]:
    """Every row by its name."""
    chosen = dict(_columns((_PROVIDER, *OPTIONS)))
    found = {}
    for number, (kind, place) in enumerate((kind, place) for kind in KINDS for place in range(ROWS_OF_A_KIND)):
        config = everything(kind)
        for option in OPTIONS:
            config = _with(config, option.choices[chosen[option.name][number]])
        name = f"{kind}-{place + 1}"
        found[name] = Row(
            name=name,
            # As the product does: a changed copy has not been looked at.
            config=SystemConfig.model_validate(config.model_dump(warnings=False)),
            provider=PROVIDERS[chosen[_PROVIDER.name][number]],
        )
    return found


def _columns(options: Sequence[Option]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield for each option the number of its choice in each row."""
    former: set[tuple[int, ...]] = set()
    for option in options:
        column = next(
            column
            for attempt in range(1000)
            if (column := _column(f"{option.name} {attempt}", len(option.choices))) not in former
            or len(set(column)) == 1
        )
        former |= {column, _opposite(column)}
        yield option.name, column


def _column(name: str, choices: int) -> tuple[int, ...]:
    """Spread choices over the rows by digests of a name: evenly, and the same way at every run."""
    column: list[int] = []
    for number, kind in enumerate(KINDS):
        ranked = sorted(range(ROWS_OF_A_KIND), key=lambda place: sha256(f"{name} {kind} {place}".encode()).digest())
        column += [(ranked.index(place) + number * ROWS_OF_A_KIND) % choices for place in range(ROWS_OF_A_KIND)]
    return tuple(column)


def _opposite(column: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(max(column) - each for each in column)


def _with(config: SystemConfig, changes: Mapping[str, Any]) -> SystemConfig:
    for path, value in changes.items():
        if is_there(config, path):
            found = value(config) if callable(value) else value
            config = changed(config, **{path.replace(".", "__"): found})
    return config


def is_there(config: SystemConfig, path: str) -> bool:
    """Whether a configuration has the part that a field belongs to."""
    part: Any = config
    for name in path.split(".")[:-1]:
        part = part.get(name) if isinstance(part, dict) else getattr(part, name, None)
    return isinstance(part, dict) or (isinstance(part, Section) and path.rpartition(".")[2] in type(part).model_fields)
