"""What roles are granted, beside what runs have used of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from local.authorizations import ALLOWED, DENIED, Decision, Entry
from tests.least_privilege.ground import Unit

_MANAGED = "arn:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """A grant, and what became of it."""

    unit: Unit
    calls: int
    resources: tuple[str, ...]
    """Those it was used on."""

    @property
    def is_used(self) -> bool:
        """Whether any call needed it."""
        return self.calls > 0

    @property
    def wider(self) -> bool:
        """Whether it covers more than it was used on."""
        return self.is_used and "*" in self.unit.resource and self.resources != (self.unit.resource,)


def uses(units: Iterable[Unit], record: Sequence[Entry]) -> list[Use]:
    """Each grant with the calls that it allowed. An action may have wildcards, a resource too."""
    by_role: dict[str, list[Entry]] = {}
    for entry in record:
        if entry.decision.outcome == ALLOWED:
            by_role.setdefault(entry.decision.role, []).append(entry)
    found = []
    for unit in units:
        own = [entry for entry in by_role.get(unit.role_name, ()) if _is_allowed_by(entry, unit)]
        resources = tuple(sorted({entry.decision.resource for entry in own}))
        found.append(Use(unit=unit, calls=sum(entry.count for entry in own), resources=resources))
    return found


def denied(units: Iterable[Unit], record: Sequence[Entry]) -> list[Entry]:
    """The calls of these roles that were refused."""
    names = {unit.role_name for unit in units}
    return [entry for entry in record if entry.decision.outcome == DENIED and entry.decision.role in names]


def _is_allowed_by(entry: Entry, unit: Unit) -> bool:
    granted = unit.granted
    here = any(
        (each.policy, each.index) == (granted.policy, granted.statement) for each in entry.decision.statements
    ) or any(
        granted.policy.startswith(_MANAGED) and each.policy == granted.policy for each in entry.decision.statements
    )
    return here and is_about(entry.decision, unit)


def is_about(decision: Decision, unit: Unit) -> bool:
    """Whether what was asked for is what a grant is for. IAM tells the letters of resources apart, not of actions."""
    return fnmatchcase(decision.action.lower(), unit.granted.action.lower()) and (
        unit.resource == "*" or fnmatchcase(decision.resource, _pattern(unit.resource))
    )


def _pattern(resource: str) -> str:
    # ARNs may hold brackets in no place, so that only IAM's own wildcards are left.
    return resource.replace("[", "[[]")
