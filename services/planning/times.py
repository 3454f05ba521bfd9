"""When a schedule is due, and how much of what was missed is caught up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# After an outage, a schedule that repeats every few seconds would flood its recipient with what nobody waits for any
# longer. Of the times that were missed, the latest are planned and the older ones are skipped, and counted as such.
MAX_CAUGHT_UP = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """The times of a schedule: the first, and every so many seconds again, `count` times in all.

    every_seconds: None for a single time. count: None for no end.
    """

    first_at: datetime
    every_seconds: int | None = None
    count: int | None = None

    def at(self, number: int) -> datetime | None:
        """The time with that number, from 1; None behind the last one."""
        last = 1 if self.every_seconds is None else self.count
        if last is not None and number > last:
            return None
        return self.first_at + timedelta(seconds=(self.every_seconds or 0) * (number - 1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """What one look at a schedule plans.

    times: number and time of each notification. passed: how many times are behind the schedule afterwards.
    skipped: how many of those were left out just now. next_at: when to look again; None if never.
    """

    times: tuple[tuple[int, datetime], ...]
    passed: int
    skipped: int
    next_at: datetime | None


def due(rhythm: Rhythm, *, passed: int, now: datetime) -> Due:
    """The times up to `now` behind the first `passed`: the latest MAX_CAUGHT_UP of them, the older ones skipped.

    A time that is skipped counts towards the schedule's `count`, so that an outage does not move its end.
    """
    latest = _number_at(rhythm, now)
    missed = max(latest - passed, 0)
    skipped = max(missed - MAX_CAUGHT_UP, 0)
    numbers = range(passed + skipped + 1, passed + missed + 1)
    times = tuple((number, time) for number in numbers if (time := rhythm.at(number)) is not None)
    return Due(times=times, passed=passed + missed, skipped=skipped, next_at=rhythm.at(passed + missed + 1))


def _number_at(rhythm: Rhythm, now: datetime) -> int:
    """How many of the times are not after `now`."""
    if now < rhythm.first_at:
        return 0
    if rhythm.every_seconds is None:
        return 1
    number = (now - rhythm.first_at) // timedelta(seconds=rhythm.every_seconds) + 1
    return number if rhythm.count is None else min(number, rhythm.count)
