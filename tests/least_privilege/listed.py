"""Grants that stay although no run uses them, or nothing notices when they are gone: each with its reason."""

import tomllib
from collections.abc import Iterable, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from assembly.privileges.model import Granted, Role
from tests.least_privilege.ground import Unit

FILE = Path(__file__).with_name("listed.toml")
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Kind(StrEnum):
    """Why a grant is excepted."""

    BY_AWS = "asked by AWS itself"
    """AWS asks in the name of the role, at a point that the embedded cloud does not have."""
    UNUSED = "no run uses it"
    """For what no run can bring about."""
    UNNOTICED = "nothing notices its removal"
    """Used, but nothing fails without it."""


class Listed(BaseModel):
    """One entry: whatever matches all of it is excepted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    roles: Text
    """Construct path of the roles, with wildcards, such as `*/ServiceRole`."""
    actions: tuple[Text, ...]
    """With wildcards where AWS's own work is meant as a whole."""
    resources: Text = "*"
    """The resource as the table shows it, with wildcards."""
    reason: Annotated[str, StringConstraints(min_length=20)]
    page: Text | None = None
    """Where AWS says so; needed for what AWS asks itself."""

    def covers(self, unit: Unit) -> bool:
        """Whether it is about this grant."""
        return self.names(unit.role, unit.granted)

    def names(self, role: Role, granted: Granted) -> bool:
        """Whether it is about this grant of this role."""
        return (
            fnmatchcase(role.path, self.roles)
            and any(fnmatchcase(granted.action, each) for each in self.actions)
            and fnmatchcase(granted.resource, self.resources)
        )


def read(file: Path = FILE) -> tuple[Listed, ...]:
    """All entries.

    Raises:
        ValueError: one of them is wrong.
    """
    found = tuple(Listed.model_validate(each) for each in tomllib.loads(file.read_text())["listed"])
    for each in found:
        if each.kind is Kind.BY_AWS and each.page is None:
            raise ValueError(f"{each.roles}: {each.actions} lacks the page where AWS says so")
    return found


def excepted(unit: Unit, entries: Iterable[Listed], *kinds: Kind) -> Listed | None:
    """The entry that covers a grant, of these kinds only."""
    return next((each for each in entries if each.kind in kinds and each.covers(unit)), None)


def stale(entries: Iterable[Listed], needed: Sequence[Unit], present: Sequence[Unit]) -> list[Listed]:
    """Entries that cover grants of these systems, and not one that needs it."""
    return [
        each
        for each in entries
        if any(each.covers(unit) for unit in present) and not any(each.covers(unit) for unit in needed)
    ]
