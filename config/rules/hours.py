"""Rules of working hours, and of the windows in which RDS works on databases."""

from collections.abc import Iterator
from zoneinfo import available_timezones

from config.model import AuroraConfig, SystemConfig
from config.problems import Problem, close_to

_HOUR = 60
_DAY = 24 * _HOUR
_WEEK = 7 * _DAY
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
_SHORTEST_WINDOW_MINUTES = 30
_LONGEST_MAINTENANCE_MINUTES = _DAY


def _working_hours(config: SystemConfig) -> Iterator[Problem]:
    hours = config.working_hours
    for name, service in config.services.items():
        if service.night_tasks is None:
            continue
        field = f"services.{name}.night_tasks"
        if hours is None:
            yield Problem(
                field=field,
                value=service.night_tasks,
                allowed="nights follow from working_hours; add them, or set None",
            )
        if service.night_tasks > service.min_tasks:
            yield Problem(
                field=field,
                value=service.night_tasks,
                allowed=f"allowed: 0 to min_tasks, which is {service.min_tasks} (nearest: {service.min_tasks})",
            )
    if hours is None:
        return
    if hours.start >= hours.end:
        yield Problem(
            field="working_hours.end",
            value=hours.end,
            allowed=f"allowed: later on the same day than start, which is {hours.start}",
        )
    zones = available_timezones()
    if zones and hours.time_zone not in zones:
        yield Problem(
            field="working_hours.time_zone",
            value=hours.time_zone,
            allowed=f"no IANA time zone; allowed: a name such as Europe/Berlin{close_to(hours.time_zone, zones)}",
        )
    if all(service.night_tasks is None for service in config.services.values()):
        allowed = "no service has night_tasks, so they change nothing; give one night_tasks, or leave them out"
        yield Problem(field="working_hours", allowed=allowed)


def _windows(config: SystemConfig) -> Iterator[Problem]:
    for key, database in config.databases.items():
        backup, maintenance = database.backup_window_utc, database.maintenance_window_utc
        field = f"databases.{key}.backup_window_utc"
        if backup is not None and config.backup is not None:
            yield Problem(
                field=field,
                value=backup,
                allowed="AWS Backup sets the window of the databases of its plan, backup.hour_utc; allowed: None",
            )
        if backup is not None:
            yield from _length(field, backup, _span(backup, _DAY), _DAY)
        if maintenance is not None:
            own = f"databases.{key}.maintenance_window_utc"
            yield from _length(own, maintenance, _span(maintenance, _WEEK), _LONGEST_MAINTENANCE_MINUTES)
        if backup is not None and maintenance is not None and _meet(backup, maintenance):
            yield Problem(
                field=field,
                value=backup,
                allowed=f"RDS refuses a backup window that meets the maintenance window, which is {maintenance}; "
                f"allowed: {_apart(maintenance)}",
            )


def _length(field: str, window: str, span: tuple[int, int], most: int) -> Iterator[Problem]:
    start, end = span
    if not _SHORTEST_WINDOW_MINUTES <= end - start <= most:
        yield Problem(
            field=field,
            value=window,
            allowed=f"is {end - start} minutes long; allowed: {_SHORTEST_WINDOW_MINUTES} to {most}",
        )


def _span(window: str, period: int) -> tuple[int, int]:
    """Return the minutes of the period at which a window begins and ends; the end may lie in the next period."""
    start, end = map(_minute, window.split("-"))
    return start, end if end > start else end + period


def _minute(time: str) -> int:
    *day, hour, minute = time.split(":")
    return (_DAYS.index(day[0]) * _DAY if day else 0) + int(hour) * _HOUR + int(minute)


def _meet(backup: str, maintenance: str) -> bool:
    start, end = _span(maintenance, _WEEK)
    first, last = _span(backup, _DAY)
    # Of every day of this week, the one before and the next: windows pass midnight, and Sunday's the week.
    return any(first + day * _DAY < end and start < last + day * _DAY for day in range(-len(_DAYS), 2 * len(_DAYS)))


def _apart(maintenance: str) -> str:
    """Return what goes with a maintenance window: any other time of the day, as long as it leaves one."""
    _, end = _span(maintenance, _WEEK)
    times = (end % _DAY, (end + _SHORTEST_WINDOW_MINUTES) % _DAY)
    window = "-".join(f"{minute // _HOUR:02}:{minute % _HOUR:02}" for minute in times)
    if _meet(window, maintenance):
        return "none beside a maintenance window of nearly a day; shorten maintenance_window_utc"
    return f"one apart from it (nearest: {window})"


def _pauses(config: SystemConfig) -> Iterator[Problem]:
    """Find what keeps a database awake that its floor of 0 lets pause, and so costs as if it had none."""
    for key, database in config.databases.items():
        if not isinstance(database, AuroraConfig) or database.min_acu != 0:
            continue
        for name, service in config.services.items():
            if service.uses.database == key and service.program not in LETS_PAUSE:
                yield Problem(
                    field=f"services.{name}.uses.database",
                    value=key,
                    allowed=f"program {service.program} asks the database over and over, and keeps it awake; "
                    f"allowed: databases.{key}.min_acu 0.5 and more (nearest: 0.5), "
                    f"or one of the programs {', '.join(sorted(LETS_PAUSE))}",
                )


# Programs that open connections for requests only, and close them when there are none.
LETS_PAUSE = frozenset({"api", "web"})
RULES = (_working_hours, _windows, _pauses)
