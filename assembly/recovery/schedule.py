"""How far apart two runs of a schedule are at most."""

import re
from itertools import pairwise

from assembly.recovery.figures import DAY, HOUR, MINUTE

# https://docs.aws.amazon.com/aws-backup/latest/devguide/creating-a-backup-plan.html: a rule without a schedule runs
# once a day.
DEFAULT = "cron(0 5 ? * * *)"

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_UNITS = {"minute": MINUTE, "hour": HOUR, "day": DAY}
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_ANY = frozenset({"*", "?"})
_LONGEST_MONTH_DAYS = 31
_YEAR_DAYS = 366


def longest_gap_seconds(expression: str) -> float | None:
    """The longest time between two runs; None for an expression that is not understood."""
    if found := _RATE.fullmatch(expression):
        return int(found[1]) * _UNITS[found[2]]
    found = _CRON.fullmatch(expression)
    if found is None:
        return None
    minute, hour, day_of_month, month, day_of_week, _ = found.groups()
    try:
        times = sorted(
            each_hour * HOUR + each_minute * MINUTE
            for each_hour in _numbers(hour, 0, 23)
            for each_minute in _numbers(minute, 0, 59)
        )
        days = _days_apart(day_of_month, month, day_of_week)
    except ValueError:
        return None
    if days == 1:
        return max((later - earlier for earlier, later in pairwise([*times, times[0] + DAY])), default=DAY)
    # From the last run of a day to the first one of the next day that has any.
    return days * DAY - (times[-1] - times[0])


def _days_apart(day_of_month: str, month: str, day_of_week: str) -> int:
    """The most days from a day with runs to the next one."""
    if month not in _ANY:
        return _YEAR_DAYS
    if day_of_month not in _ANY:
        days = _numbers(day_of_month, 1, _LONGEST_MONTH_DAYS)
        return max(later - earlier for earlier, later in pairwise([*days, days[0] + _LONGEST_MONTH_DAYS]))
    if day_of_week not in _ANY:
        for number, name in enumerate(_WEEKDAYS, start=1):
            day_of_week = day_of_week.upper().replace(name, str(number))
        days = _numbers(day_of_week, 1, len(_WEEKDAYS))
        return max(later - earlier for earlier, later in pairwise([*days, days[0] + len(_WEEKDAYS)]))
    return 1


def _numbers(field: str, least: int, most: int) -> list[int]:
    """The numbers that a field of a cron expression means. Raises ValueError for a form that is not understood."""
    numbers: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{least}-{most}" if span in _ANY else span).partition("-")
        end = int(last) if last else most if step else int(first)
        numbers |= set(range(int(first), end + 1, int(step) if step else 1))
    if not numbers or min(numbers) < least or max(numbers) > most:
        raise ValueError(f"{field!r} is not between {least} and {most}")
    return sorted(numbers)
