"""Takes each grant away in turn, and sees a check turn red and green again."""

import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from queue import Empty, SimpleQueue

from local.authorizations import DENIED
from tests.least_privilege.checks import GENERAL, Check
from tests.least_privilege.comparing import is_about
from tests.least_privilege.ground import Deployed, Ground, Unit
from tests.least_privilege.taking_away import without

RED_SECONDS = 5.0
"""Within which a check is to fail once its grant is gone."""
LONGEST_RED_SECONDS = 180.0
"""The longest to wait for the refusal that makes a failure count."""
_PASSES = 3
_LANES = 4
# The record is written twice a second.
_RECORDED_SECONDS = 1.2


class Verdict(StrEnum):
    """What came of taking a grant away."""

    RED = "red"
    """The check failed, a call was refused, and the check passed again."""
    UNNOTICED = "UNNOTICED"
    """The check passed without the grant, or failed without any call being refused."""
    NOT_GREEN_AGAIN = "NOT GREEN AGAIN"
    UNGUARDED = "NO CHECK"
    """No check is known that needs it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """One row of the table."""

    unit: Unit
    verdict: Verdict
    check: str
    """Which one guards the grant; empty if none does."""
    told: str
    """What the check said."""
    seconds: float


def take_each(ground: Ground, units: Sequence[Unit], checks: Callable[[str], Sequence[Check]]) -> Iterator[Taken]:
    """Take these away one by one; systems side by side, and within each what does not disturb its work.

    `checks` gives those of a system, by its name.
    """
    lanes: dict[tuple[str, bool], list[tuple[Unit, Check]]] = defaultdict(list)
    for unit in units:
        check = guard(unit, checks(unit.deployment.partition("/")[0]))
        if check is None:
            yield Taken(unit=unit, verdict=Verdict.UNGUARDED, check="", told="", seconds=0)
        else:
            lanes[unit.deployment, check in GENERAL].append((unit, check))
    deployed = {each.name: each for each in ground.deployed}
    # A service whose tasks are stopped needs its execution role to get others.
    guards: dict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)
    done: SimpleQueue[Taken] = SimpleQueue()
    given_up = threading.Event()

    def go(lane: list[tuple[Unit, Check]]) -> None:
        for unit, check in lane:
            if given_up.is_set():
                return
            with guards[unit.deployment, _workload(unit)]:
                done.put(take(ground, deployed[unit.deployment], unit, check))

    with ThreadPoolExecutor(_LANES, thread_name_prefix="lane") as executor:
        # The longest first, so that no lane is left over.
        futures = [executor.submit(go, lane) for lane in sorted(lanes.values(), key=len, reverse=True)]
        try:
            while not all(future.done() for future in futures) or not done.empty():
                with contextlib.suppress(Empty):
                    yield done.get(timeout=1)
            for future in futures:
                future.result()
        finally:
            # Whoever interrupts it waits for what is taken away at the moment, and no longer.
            given_up.set()


def _workload(unit: Unit) -> str:
    """What the roles of one service, or of one function and its schedule, have in common."""
    return "/".join(unit.role.path.split("/")[:2])


def guard(unit: Unit, checks: Sequence[Check]) -> Check | None:
    """The check that needs a grant; those of the system go before what fits every system."""
    return next((each for each in (*checks, *GENERAL) if each.guards(unit)), None)


def take(ground: Ground, deployed: Deployed, unit: Unit, check: Check) -> Taken:
    """Take one away, see its check fail, and pass again once it is back."""
    started, since = time.monotonic(), time.time()
    with without(deployed, unit):
        check.refresh(deployed, unit)
        told, refused = _until_refused(ground, deployed, unit, check, since)
    again = _last_failure(deployed, unit, check)
    verdict = Verdict.RED
    if told is None or not refused:
        verdict = Verdict.UNNOTICED
        told = f"failed, though nothing was refused: {told}" if told else "the check passed all the same"
    if again is not None:
        verdict, told = Verdict.NOT_GREEN_AGAIN, again
    return Taken(unit=unit, verdict=verdict, check=check.name, told=told, seconds=time.monotonic() - started)


def _until_refused(
    ground: Ground, deployed: Deployed, unit: Unit, check: Check, since: float
) -> tuple[str | None, bool]:
    """What the check told, None if it passed; and whether the call was refused, which a slow start may put off.

    It may pass by somebody else's work, such as the sweeper's of that minute; not again and again.
    """
    deadline = time.monotonic() + LONGEST_RED_SECONDS
    passed = 0
    while True:
        told = _failure(deployed, unit, check, RED_SECONDS)
        passed += told is None
        refused = told is not None and _was_refused(ground, unit, since)
        if passed == _PASSES or refused or time.monotonic() > deadline:
            return None if passed == _PASSES else told, refused


def _failure(deployed: Deployed, unit: Unit, check: Check, seconds: float) -> str | None:
    try:
        check.look(deployed, unit, seconds)
    except Exception as error:  # noqa: BLE001  # whatever the work ends with is what the table is to tell
        return f"{type(error).__name__}: {error}"
    return None


def _last_failure(deployed: Deployed, unit: Unit, check: Check) -> str | None:
    """None as soon as the check passes; what it told last if it never does."""
    deadline = time.monotonic() + check.green_seconds
    check.refresh(deployed, unit)
    while True:
        told = _failure(deployed, unit, check, check.green_seconds / 2)
        if told is None or time.monotonic() > deadline:
            return told
        time.sleep(1)


def _was_refused(ground: Ground, unit: Unit, since: float) -> bool:
    deadline = time.monotonic() + _RECORDED_SECONDS
    while True:
        for entry in ground.record():
            decision = entry.decision
            own = (decision.role, decision.outcome) == (unit.role_name, DENIED) and entry.last >= since
            if own and is_about(decision, unit):
                return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
