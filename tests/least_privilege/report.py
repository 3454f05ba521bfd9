"""The tables, line by line as they come about."""

from collections.abc import Iterable, Sequence

from local.authorizations import Entry
from tests.least_privilege.comparing import Use
from tests.least_privilege.conditions import Held
from tests.least_privilege.conditions import Verdict as Condition
from tests.least_privilege.listed import Kind, Listed, excepted
from tests.least_privilege.reverse import Taken, Verdict

_LONGEST_TOLD = 160


class Report:
    """Prints, and keeps what is wrong."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def say(self, text: str = "") -> None:
        """A line of its own, at once."""
        print(text, flush=True)

    def compare(self, uses: Sequence[Use], refused: Iterable[Entry], entries: Sequence[Listed]) -> None:
        """A block per role."""
        last = None
        for use in uses:
            unit = use.unit
            if (unit.deployment, unit.role.path) != last:
                last = (unit.deployment, unit.role.path)
                self.say(f"\n{unit.deployment}  {unit.role.path}   ({', '.join(unit.role.principals)})")
            self.say(f"  {_state(use, entries):<12} {use.calls:>7}  {unit.granted.action:<36} {unit.granted.resource}")
            if use.wider:
                self.say(f"  {'':<12} {'':>7}  {'used on':>36} {', '.join(use.resources[:3])}")
            if not use.is_used and not excepted(unit, entries, Kind.BY_AWS, Kind.UNUSED):
                self.faults.append(f"granted, and used by no run: {unit.name}")
        for entry in refused:
            said = f"{entry.decision.role}: {entry.decision.action} on {entry.decision.resource}, {entry.count} times"
            self.say(f"  DENIED  {said}")
            self.faults.append(f"denied: {said}")

    def took(self, taken: Taken, entries: Sequence[Listed]) -> None:
        """A line of the reverse."""
        unit = taken.unit
        known = excepted(unit, entries, Kind.UNNOTICED)
        verdict = "listed" if known and taken.verdict is not Verdict.RED else str(taken.verdict)
        self.say(f"{verdict:<16} {taken.seconds:>4.0f} s  {taken.check:<42} {unit.name}")
        if taken.verdict is not Verdict.RED and not known:
            told = " ".join(taken.told.split())[:_LONGEST_TOLD]
            self.say(f"{'':<16} {'':>6}  {told}")
            self.faults.append(f"{taken.verdict}: {unit.name}: {told}")

    def held(self, held: Held) -> None:
        """A line of a condition."""
        name = f"{held.unit.name} if {held.unit.granted.condition}"
        self.say(f"{held.verdict:<16} {name}")
        if held.verdict is not Condition.HELD:
            self.faults.append(f"{held.verdict}: {name}: {held.told}")

    def end(self, seconds: float, *, uses: Sequence[Use], taken: Sequence[Taken], held: Sequence[Held]) -> bool:
        """The sums; returns whether nothing is wrong."""
        red = sum(each.verdict is Verdict.RED for each in taken)
        used = sum(use.is_used for use in uses)
        kept = sum(each.verdict is Condition.HELD for each in held)
        self.say(
            f"\n{len(uses)} grants, {used} used; {len(taken)} taken away, {red} noticed;"
            f" {len(held)} conditions, {kept} held; {seconds / 60:.1f} min; faults: {len(self.faults)}"
        )
        for fault in self.faults:
            self.say(f"  {fault}")
        return not self.faults


def _state(use: Use, entries: Sequence[Listed]) -> str:
    if use.is_used:
        return "wider" if use.wider else "used"
    return "listed" if excepted(use.unit, entries, Kind.BY_AWS, Kind.UNUSED) else "UNUSED"
