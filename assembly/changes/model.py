"""What a comparison of two sets of templates finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from assembly.changes.stateful import Holding


class Kind(StrEnum):
    """What becomes of a resource, the worst last."""

    UNCHANGED = "unchanged"
    ADDED = "added"
    IN_PLACE = "in place"
    MAY_REPLACE = "may replace"
    """CloudFormation decides when it deploys, or the type's schema is not known."""
    REPLACES = "replaces"
    """A new resource takes its place, also under a new logical id or in another stack."""
    ORPHANS = "orphans"
    """It stays in the account, and no stack manages it; or its stack stays, and the app has it no more."""
    DELETES = "deletes"


DESTRUCTIVE = frozenset({Kind.MAY_REPLACE, Kind.REPLACES, Kind.ORPHANS, Kind.DELETES})


class Fate(StrEnum):
    """What becomes of the resource that is there, once it is replaced or removed."""

    DELETED = "is deleted"
    SNAPSHOT = "is deleted after a last snapshot"
    KEPT = "stays in the account, unmanaged"


class Cause(StrEnum):
    """Why it is replaced or removed, as far as it decides what to type instead."""

    RENAMED = "renamed"
    MOVED = "moved"
    TYPE = "type"
    PROPERTY = "property"
    REMOVED = "removed"
    STACK_REMOVED = "stack removed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What becomes of one resource."""

    stack: str
    """CloudFormation's name of its stack."""
    stack_id: str
    """The construct id of the stack, as in `cdk deploy <id>`."""
    logical_id: str
    type: str
    path: str
    """Construct path inside the stack."""
    kind: Kind
    reasons: tuple[str, ...] = ()
    """A line each."""
    cause: Cause | None = None
    fate: Fate | None = None
    holding: Holding | None = None
    """What it holds; None for what can be made anew."""
    successor: tuple[str, str] | None = None
    """Stack and logical id of what takes its place, where those are others."""

    @property
    def dangerous(self) -> bool:
        """Whether data would be lost or left behind."""
        return self.kind in DESTRUCTIVE and self.holding is not None and self.holding.is_data

    @property
    def name(self) -> str:
        """Stack and logical id, by which a person confirms it."""
        return f"{self.stack}/{self.logical_id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Consumer:
    """A stack whose template stays as it is while what it refers to changes: the CLI skips it unless it is forced."""

    stack: str
    stack_id: str
    holds: tuple[str, ...]
    """What it refers to, as stack/logical id or as stack/output."""
    resources: tuple[str, ...]
    """Logical ids of its resources that do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Everything that a deployment would do."""

    changes: tuple[Change, ...]
    """Resources in the order of their stacks; those that stay as they are included."""
    consumers: tuple[Consumer, ...]
    """In the order in which they have to be deployed once more, after all other stacks."""

    def dangers(self, confirmed: Sequence[str] = ()) -> list[Change]:
        """What loses data, without what a person has confirmed by logical id or by stack/logical id."""
        return [
            change
            for change in self.changes
            if change.dangerous and not {change.name, change.logical_id}.intersection(confirmed)
        ]

    def unknown(self, confirmed: Sequence[str]) -> list[str]:
        """What a person confirms although it loses nothing."""
        names = {name for change in self.changes if change.dangerous for name in (change.name, change.logical_id)}
        return [name for name in confirmed if name not in names]

    def destructive(self) -> list[Change]:
        """Whatever is replaced, deleted or left behind, with data or without."""
        return [change for change in self.changes if change.kind in DESTRUCTIVE]
