"""What AWS Backup keeps of a resource, out of the plans that select it.

https://docs.aws.amazon.com/aws-backup/latest/devguide/point-in-time-recovery.html: a continuous backup restores to any
second. https://docs.aws.amazon.com/aws-backup/latest/devguide/cross-region-backup.html: its copies are snapshots.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from assembly.recovery.figures import COPY_SECONDS, HOUR, MINUTE, Figure, total
from assembly.recovery.schedule import DEFAULT, longest_gap_seconds
from assembly.templates import Assembly, Resource

SOURCE = "https://docs.aws.amazon.com/aws-backup/latest/devguide/creating-a-backup-plan.html"

# The window in which a backup may start, where the rule names none.
_START_WINDOW_MINUTES = 8 * HOUR // MINUTE
_REGION_FIELD = 3  # of arn:partition:service:region:…
# Stands for what is put in at deployment.
_LATER = "?"
_VARIABLE = re.compile(r"\$\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the plans keep of one resource. A figure is None where they keep nothing of the kind."""

    continuous: bool = False
    """Restorable to any second."""
    snapshots: Figure | None = None
    """The most that a restore from a snapshot in the same region loses."""
    copies: Figure | None = None
    """The most that a restore in another region loses."""


def coverage(assembly: Assembly, resource: Resource) -> Coverage:
    """What all plans together keep of a resource."""
    rules = [rule for plan in _plans_of(assembly, resource) for rule in _rules(plan)]
    return Coverage(
        continuous=any(str(rule.get("EnableContinuousBackup")).lower() == "true" for _, rule in rules),
        snapshots=_least(_age(rule) for _, rule in rules),
        copies=_least(_age(rule, copied=True) for plan, rule in rules if _is_copied(rule, plan)),
    )


def _plans_of(assembly: Assembly, resource: Resource) -> list[Resource]:
    plans = set()
    for selection in assembly.of_type("AWS::Backup::BackupSelection"):
        if _selects(assembly, selection, resource):
            plans |= assembly.referenced(selection.value("BackupPlanId"), selection.stack)
    return [plan for plan in assembly.of_type("AWS::Backup::BackupPlan") if plan in plans]


def _selects(assembly: Assembly, selection: Resource, resource: Resource) -> bool:
    wanted = selection.value("BackupSelection", {})
    if any(resource in assembly.referenced(each, selection.stack) for each in wanted.get("NotResources", [])):
        return False
    if "*" in wanted.get("Resources", []) or resource in assembly.referenced(
        wanted.get("Resources", []), selection.stack
    ):
        return True
    tags = {tag.get("Key"): tag.get("Value") for tag in resource.value("Tags", [])}
    return any(
        tags.get(each.get("ConditionKey")) == each.get("ConditionValue") for each in wanted.get("ListOfTags", [])
    )


def _rules(plan: Resource) -> list[tuple[Resource, dict[str, Any]]]:
    return [(plan, rule) for rule in plan.value("BackupPlan", {}).get("BackupPlanRule", [])]


def _age(rule: dict[str, Any], *, copied: bool = False) -> Figure | None:
    """How old the newest recovery point can be: one run has just not begun yet, and the one before is long ago."""
    gap = longest_gap_seconds(str(rule.get("ScheduleExpression", DEFAULT)))
    if gap is None:
        return None
    window = float(rule.get("StartWindowMinutes", _START_WINDOW_MINUTES)) * MINUTE
    parts = [("between two backups", gap), ("start window", window)]
    return total(*parts, ("copying", COPY_SECONDS)) if copied else total(*parts)


def _is_copied(rule: dict[str, Any], plan: Resource) -> bool:
    """Whether a copy leaves the region. A vault of the templates' own is in it; another region's is named in full."""
    for copy in rule.get("CopyActions", []):
        fields = _text(copy.get("DestinationBackupVaultArn")).split(":")
        region = fields[_REGION_FIELD] if len(fields) > _REGION_FIELD else ""
        if region not in ("", _LATER, plan.region):
            return True
    return False


def _text(value: Any) -> str:
    """A text as far as the template has it."""
    match value:
        case str():
            return value
        case {"Fn::Join": [str() as separator, list() as parts]}:
            return separator.join(_text(part) for part in parts)
        case {"Fn::Sub": str() as text}:
            return _VARIABLE.sub(_LATER, text)
        case _:
            return _LATER


def _least(figures: Iterable[Figure | None]) -> Figure | None:
    bounded = [figure for figure in figures if figure is not None]
    return min(bounded, key=lambda figure: figure.seconds or 0, default=None)
