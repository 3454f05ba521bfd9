"""How many hours of a month services run with how many tasks, by the scheduled actions of their scalable targets."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from assembly import cron
from assembly.cost.prices import HOURS_PER_MONTH
from assembly.errors import InputError
from assembly.templates import Resource

# Schedules are played through one whole year, so that every weekday, month and change of the clock counts as it should.
# 2026 begins on a Thursday and has 261 days from Monday to Friday, as many as years have on average.
_YEAR = 2026
_START, _END = datetime(_YEAR, 1, 1, tzinfo=UTC).timestamp(), datetime(_YEAR + 1, 1, 1, tzinfo=UTC).timestamp()
_MONTHS = 12
_LONGEST_MONTH_DAYS = 31
_DAYS_PER_WEEK = 7
_ACTION = "allowed: cron(…) of every year, or at(…), which counts for nothing here"
_RATE_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_Change = Callable[[float, float], tuple[float, float]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """A part of the month, with the bounds that autoscaling keeps to in it."""

    hours: float
    least: float
    most: float

    def tasks(self, share: float) -> float:
        """Tasks that run, where autoscaling stands at a share of the way from the least to the most."""
        return self.least + share * max(self.most - self.least, 0)


def always(target: Resource) -> Period:
    """The whole month with the bounds of a target itself, whatever is scheduled."""
    least = target.number("MinCapacity", 0)
    return Period(hours=HOURS_PER_MONTH, least=least, most=max(target.number("MaxCapacity", least), least))


def periods(target: Resource) -> list[Period]:
    """The parts of a month, each with its bounds.

    A scheduled action sets the bounds it names and leaves the other one; both hold until the next action.

    Raises:
        InputError: a schedule or its time zone is not understood.
    """
    bounds = always(target)
    changes = sorted(
        (
            (time, number, _action(scheduled))
            for number, scheduled in enumerate(target.value("ScheduledActions") or [])
            for time in _times(target, scheduled)
        ),
        # At the same time, the later one in the template counts.
        key=lambda change: change[:2],
    )
    if not changes:
        return [bounds]
    least, most = bounds.least, bounds.most
    # The last change of a year holds at the beginning of the next one.
    for _, _, action in changes:
        least, most = action(least, most)
    seconds: dict[tuple[float, float], float] = {}
    before = _START
    for time, _, action in changes:
        seconds[least, most] = seconds.get((least, most), 0) + time - before
        least, most = action(least, most)
        before = time
    seconds[least, most] = seconds.get((least, most), 0) + _END - before
    return [
        Period(hours=HOURS_PER_MONTH * each / (_END - _START), least=low, most=high)
        for (low, high), each in seconds.items()
        if each > 0
    ]


def _action(scheduled: Mapping[str, Any]) -> _Change:
    """What a scheduled action makes of the bounds in force."""
    given = scheduled.get("ScalableTargetAction") or {}

    def changed(least: float, most: float) -> tuple[float, float]:
        least = float(given.get("MinCapacity", least))
        return least, max(least, float(given.get("MaxCapacity", most)))

    return changed


def runs_per_month(expression: str, place: str) -> float:
    """How often a schedule runs in a month, on average over a year.

    Raises:
        InputError: it is not understood.
    """
    if expression.startswith("at("):
        return 0
    if expression.startswith("rate("):
        number, _, unit = expression.removeprefix("rate(").removesuffix(")").partition(" ")
        if number.isdigit() and int(number) > 0 and unit.removesuffix("s") in _RATE_SECONDS:
            return HOURS_PER_MONTH * 3600 / (int(number) * _RATE_SECONDS[unit.removesuffix("s")])
    times = _cron_times(expression, "UTC")
    if times is None:
        raise InputError(f"{place}: schedule {expression!r} is not understood; allowed: cron(…), rate(…) and at(…)")
    return len(times) / _MONTHS


def _times(target: Resource, scheduled: Mapping[str, Any]) -> tuple[float, ...]:
    expression, time_zone = str(scheduled.get("Schedule")), str(scheduled.get("Timezone", "UTC"))
    place = f"{target.stack}: scheduled action {scheduled.get('ScheduledActionName')} of {target.logical_id}"
    if expression.startswith("at("):
        return ()
    try:
        times = _cron_times(expression, time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise InputError(f"{place}: {time_zone} is no time zone known here; allowed: names of IANA's") from None
    if times is None:
        raise InputError(f"{place}: schedule {expression!r} is not understood; {_ACTION}")
    return times


@lru_cache(maxsize=256)
def _cron_times(expression: str, time_zone: str) -> tuple[float, ...] | None:
    """All runs in the year, as seconds since 1970; None if the expression is not understood."""
    zone = ZoneInfo(time_zone)
    fields = cron.parse(expression)
    if fields is None or fields.year not in cron.ANY:
        return None
    try:
        hours, minutes = cron.numbers(fields.hour, 0, 23), cron.numbers(fields.minute, 0, 59)
        days = list(_days(fields))
    except ValueError:
        return None
    return tuple(
        datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).timestamp()
        for day in days
        for hour in hours
        for minute in minutes
    )


def _days(fields: cron.Cron) -> Iterator[date]:
    months = cron.numbers(fields.month, 1, _MONTHS, cron.MONTHS)
    of_month = cron.numbers(fields.day_of_month, 1, _LONGEST_MONTH_DAYS)
    of_week = cron.numbers(fields.day_of_week, 1, _DAYS_PER_WEEK, cron.WEEKDAYS)
    day = date(_YEAR, 1, 1)
    while day.year == _YEAR:
        # AWS counts from Sunday, which is 1.
        if day.month in months and day.day in of_month and day.isoweekday() % _DAYS_PER_WEEK + 1 in of_week:
            yield day
        day += timedelta(days=1)
