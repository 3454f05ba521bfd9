"""The numbered requirements, and what is named as the proof of each: read from the files in `requirements/`."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

FOLDER = Path(__file__).parent / "requirements"
HOW_MANY = 115
# Characters of a wrong value that are repeated.
_LONGEST = 80

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=20)]


class CatalogueError(Exception):
    """What is wrong with the files: a line for each fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class Item(BaseModel):
    """Something that is to be true, and its proof, or why there is none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=10)]
    """What is to be true, in the product's own words, as it was read where a source contradicts itself."""
    checks: tuple[Annotated[str, StringConstraints(pattern=r"^tests/[\w/]+\.py::\w+(\[.+\])?$")], ...] = ()
    """The node ids of the tests that prove it."""
    not_yet: Annotated[str, StringConstraints(pattern=r"^(issue \d+|later): .{10,}$")] | None = None
    """The issue that brings it, or `later`, and what is lacking; `checks` then prove the rest."""
    settled: Reason | None = None
    """Why the product does something else instead; `checks` then prove that."""

    @property
    def faults(self) -> Iterator[str]:
        """What the fields say only together."""
        if not (self.checks or self.not_yet or self.settled):
            yield "nothing proves it; allowed: checks, not_yet or settled"
        if self.not_yet and self.settled:
            yield "is both not_yet and settled; allowed: one of them"
        for check, times in Counter(self.checks).items():
            if times > 1:
                yield f"names {check} {times} times; allowed: once"


class Requirement(Item):
    """One of the numbered requirements."""

    number: int = Field(ge=1, strict=True)


class Conflict(Item):
    """A question that the reference architectures answer differently, and configuration settles."""


class Section(BaseModel):
    """A file: requirements of one subject, or the conflicts between the references."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    letter: Annotated[str, StringConstraints(pattern=r"^[A-Z]$")]
    title: Annotated[str, StringConstraints(min_length=3)]
    requirement: tuple[Requirement, ...] = ()
    conflict: tuple[Conflict, ...] = ()

    @property
    def items(self) -> tuple[Item, ...]:
        """The rows of the section, requirements by their number."""
        return (*sorted(self.requirement, key=lambda each: each.number), *self.conflict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    """All sections in the order of their files."""

    sections: tuple[Section, ...]

    @property
    def items(self) -> Iterator[Item]:
        """Every row."""
        return (item for section in self.sections for item in section.items)

    @property
    def checks(self) -> tuple[str, ...]:
        """Every node id that is named, once."""
        return tuple(dict.fromkeys(check for item in self.items for check in item.checks))


def load(folder: Path = FOLDER, *, numbers: int = HOW_MANY) -> Catalogue:
    """Read all files of a folder; the requirements are numbered from 1 to `numbers`.

    Raises:
        CatalogueError: a file is broken, a number is missing or there twice, a row has no proof and no reason.
    """
    faults: list[str] = []
    sections = []
    for path in sorted(folder.glob("*.toml")):
        try:
            sections.append(Section.model_validate(tomllib.loads(path.read_text())))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            faults.append(f"{path.name}: {error}")
        except ValidationError as error:
            faults += [f"{path.name}: {_told(each)}" for each in error.errors()]
    if not faults:
        # What is missing is only known once every file has been read.
        faults = [*_numbering(sections, numbers), *_of_rows(sections)]
    if faults:
        raise CatalogueError(faults)
    return Catalogue(sections=tuple(sections))


def name_of(item: Item) -> str:
    """What a fault calls a row."""
    return f"requirement {item.number}" if isinstance(item, Requirement) else f"conflict {item.text!r}"


def _numbering(sections: Sequence[Section], numbers: int) -> Iterator[str]:
    times = Counter(each.number for section in sections for each in section.requirement)
    for number in sorted({*range(1, numbers + 1), *times}):
        if number > numbers:
            yield f"requirement {number}: is none; allowed: 1 to {numbers}"
        elif times[number] != 1:
            yield f"requirement {number}: is there {times[number]} times; allowed: once"


def _of_rows(sections: Sequence[Section]) -> Iterator[str]:
    for section in sections:
        for item in section.items:
            yield from (f"{name_of(item)}: {fault}" for fault in item.faults)


def _told(error: ErrorDetails) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return f"{place}: is missing"
    return f"{place} = {_short(error['input'])}: {_lowered(error['msg'])}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _lowered(text: str) -> str:
    return re.sub(r"^[A-Z](?=[a-z])", lambda found: found[0].lower(), text)
