"""Nothing is used past its end of support."""

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from config.end_of_life import WARNING_DAYS, Calendar, past, soon, uses
from config.model import SystemConfig
from config.problems import ConfigError, Problem
from gates.refusal import withdraw
from stacks.versions import versions_in


def calendar(today: str | None) -> Calendar:
    """Return the day that ends of support are compared with: one such as 2027-06-01 to look ahead, else today.

    Raises:
        ConfigError: it is no day.
    """
    if today is None:
        today = datetime.now(UTC).date().isoformat()
    try:
        day = date.fromisoformat(today)
        until = day + timedelta(days=WARNING_DAYS)
    except (ValueError, OverflowError) as error:
        allowed = "no day; allowed: one such as 2027-06-01, or leave it out for today"
        raise ConfigError("configuration", [Problem(field="today", value=today, allowed=allowed)]) from error
    return Calendar(today=day.isoformat(), soon=until.isoformat())


def check_ages(config: SystemConfig, day: Calendar, assembly: Path) -> None:
    """Tell on stderr what will soon be past its end.

    Raises:
        ConfigError: something that the code fixes is; what the configuration names has been looked at when it was read.
    """
    chosen = list(uses(config))
    told = {(use.product, use.version) for use in chosen}
    fixed = [use for use in versions_in(assembly) if (use.product, use.version) not in told]
    if problems := past(fixed, day):
        withdraw(assembly)
        raise ConfigError("versions that the code fixes", problems)
    for problem in soon([*chosen, *fixed], day):
        print(f"groundwork: warning: {problem}", file=sys.stderr)
