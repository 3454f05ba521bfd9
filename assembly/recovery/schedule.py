"""How far apart two runs of a schedule are at most."""

import re
from itertools import pairwise

from assembly.cron import ANY, WEEKDAYS, numbers, parse
from assembly.recovery.figures import DAY, HOUR, MINUTE

# https://docs.aws.amazon.com/aws-backup/latest/devguide/creating-a-backup-plan.html: a rule without a schedule runs
# once a day.
DEFAULT = "cron(0 5 ? * * *)"

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_UNITS = {"minute": MINUTE, "hour": HOUR, "day": DAY}
_LONGEST_MONTH_DAYS = 31
_YEAR_DAYS = 366


def longest_gap_seconds(expression: str) -> float | None:
    """The longest time between two runs; None for an expression that is not understood."""
    if found := _RATE.fullmatch(expression):
        return int(found[1]) * _UNITS[found[2]]
    cron = parse(expression)
    if cron is None:
        return None
    try:
        times = sorted(
            each_hour * HOUR + each_minute * MINUTE
            for each_hour in numbers(cron.hour, 0, 23)
            for each_minute in numbers(cron.minute, 0, 59)
        )
        days = _days_apart(cron.day_of_month, cron.month, cron.day_of_week)
    except ValueError:
        return None
    if days == 1:
        return max((later - earlier for earlier, later in pairwise([*times, times[0] + DAY])), default=DAY)
    # From the last run of a day to the first one of the next day that has any.
    return days * DAY - (times[-1] - times[0])


def _days_apart(day_of_month: str, month: str, day_of_week: str) -> int:
    """The most days from a day with runs to the next one."""
    if month not in ANY:
        return _YEAR_DAYS
    if day_of_month not in ANY:
        days = numbers(day_of_month, 1, _LONGEST_MONTH_DAYS)
        return max(later - earlier for earlier, later in pairwise([*days, days[0] + _LONGEST_MONTH_DAYS]))
    if day_of_week not in ANY:
        days = numbers(day_of_week, 1, len(WEEKDAYS), WEEKDAYS)
        return max(later - earlier for earlier, later in pairwise([*days, days[0] + len(WEEKDAYS)]))
    return 1
