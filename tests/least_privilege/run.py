"""Both ways, on a prepared cloud."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from tests.least_privilege import custom_resources, listed, notifications, others
from tests.least_privilege.checks import GENERAL, Check
from tests.least_privilege.comparing import Use, denied, uses
from tests.least_privilege.conditions import Held, try_each
from tests.least_privilege.ground import Deployed, Ground, Unit
from tests.least_privilege.listed import Kind, Listed
from tests.least_privilege.report import Report
from tests.least_privilege.reverse import Taken, Verdict, take_each

# The record is written twice a second.
_RECORDED_SECONDS = 1.5
# Two cores have more to do than one check.
_PATIENCE_SECONDS = 180.0
CHECKS: Mapping[str, Sequence[Check]] = MappingProxyType({"notifications": notifications.CHECKS, **others.CHECKS})


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What both ways have shown, on one cloud after the other."""

    uses: list[Use] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)


def checks_of(system: str) -> Sequence[Check]:
    """Those of a system; one that is not known has none but the general ones."""
    return (*CHECKS.get(system, ()), *custom_resources.CHECKS)


def exercise(deployed: Deployed, report: Report) -> None:
    """Do whatever a grant of the system is for, once; what fails is told, and the comparison shows what it is worth."""
    units = deployed.units()
    for check in (*checks_of(deployed.system), *(each for each in GENERAL if each.uses_each)):
        guarded = {(unit.role_name, unit.resource): unit for unit in units if check.guards(unit)}
        for unit in list(guarded.values())[: None if check.uses_each else 1]:
            try:
                check.look(deployed, unit, _PATIENCE_SECONDS)
            except Exception as error:  # noqa: BLE001  # it is a fault, and no reason to stop
                told = f"{deployed.name}: {check.name}: {type(error).__name__}: {error}"
                report.say(f"  {told}")
                report.faults.append(f"a check is red with all grants: {told}")


def prove(ground: Ground, report: Report, entries: Sequence[Listed], found: Found, *, rows: Sequence[str] = ()) -> None:
    """Use everything, compare, take away what `rows` name, all if none, and add what that shows to `found`."""
    for deployed in list(ground.deployed):
        started = time.monotonic()
        try:
            deployed.deploy()
        except (AssertionError, subprocess.TimeoutExpired) as error:
            report.say(f"{deployed.name} was not deployed: {error}")
            report.faults.append(f"not deployed, nothing of it is proven: {deployed.name}")
            ground.deployed.remove(deployed)
            continue
        exercise(deployed, report)
        report.say(f"{deployed.name} deployed and used: {time.monotonic() - started:.0f} s")
    time.sleep(_RECORDED_SECONDS)
    units = [unit for deployed in ground.deployed for unit in deployed.units()]
    record = ground.record()
    used = uses(units, record)
    found.uses.extend(used)
    report.compare(used, denied(units, record), entries)
    chosen = [use.unit for use in used if use.is_used and _is_chosen(use.unit, rows)]
    report.say(f"\ntaking away {len(chosen)} of {len(units)} grants, each in turn …")
    for each in take_each(ground, chosen, checks_of):
        found.taken.append(each)
        report.took(each, entries)
    report.say("\nasking for what conditions leave out …")
    for held in try_each(ground, [unit for unit in units if _is_chosen(unit, rows)]):
        found.held.append(held)
        report.held(held)


def tell_stale(entries: Sequence[Listed], found: Found, report: Report) -> None:
    """Tell of exceptions that nothing needs; only what was proven as a whole can say so."""
    unused = [use.unit for use in found.uses if not use.is_used]
    unnoticed = [each.unit for each in found.taken if each.verdict is not Verdict.RED]
    present = [use.unit for use in found.uses]
    for kinds, needed in (((Kind.BY_AWS, Kind.UNUSED), unused), ((Kind.UNNOTICED,), unnoticed)):
        of_kind = [each for each in entries if each.kind in kinds]
        for each in listed.stale(of_kind, needed, present):
            report.faults.append(f"listed, and not needed: {each.roles} {', '.join(each.actions)} ({each.kind})")


def _is_chosen(unit: Unit, rows: Sequence[str]) -> bool:
    return not rows or any(row in unit.name for row in rows)
