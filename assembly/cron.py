"""AWS's cron expressions: six fields, of which the last one is a year."""

import re
from dataclasses import dataclass

WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
ANY = frozenset({"*", "?"})
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cron:
    """The fields of an expression."""

    minute: str
    hour: str
    day_of_month: str
    month: str
    day_of_week: str
    year: str


def parse(expression: str) -> Cron | None:
    """Return the fields of an expression; None if it is no cron expression."""
    found = _CRON.fullmatch(expression)
    if found is None:
        return None
    minute, hour, day_of_month, month, day_of_week, year = found.groups()
    return Cron(minute=minute, hour=hour, day_of_month=day_of_month, month=month, day_of_week=day_of_week, year=year)


def numbers(field: str, least: int, most: int, names: tuple[str, ...] = ()) -> list[int]:
    """Return the numbers that a field means, sorted.

    A span may go over the end of its range, such as MON-SUN, where the week begins with SUN.

    Args:
        field: of a cron expression.
        least: the least number that the field may have.
        most: the greatest one.
        names: what the numbers may be called, from the least on.

    Raises:
        ValueError: the form is not understood, or a number is out of range.
    """
    for number, name in enumerate(names, start=least):
        field = re.sub(name, str(number), field, flags=re.IGNORECASE)
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first_text, _, last_text = (f"{least}-{most}" if span in ANY else span).partition("-")
        first = int(first_text)
        last = int(last_text) if last_text else most if step else first
        if not (least <= first <= most and least <= last <= most):
            raise ValueError(f"{field!r} is not between {least} and {most}")
        if last < first:
            last += most - least + 1
        found |= {(number - least) % (most - least + 1) + least for number in range(first, last + 1, int(step or 1))}
    return sorted(found)
