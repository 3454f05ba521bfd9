"""Failures, figures, and the times that all of them are made of."""

from dataclasses import dataclass
from enum import StrEnum

SECOND = 1
MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

ASSUMPTION = "assumption"

# Assumptions, since AWS promises no such time. A drill in an account replaces them by measurements.
REACTION_SECONDS = 15 * MINUTE
"""Until a person has seen the alarm and acts, where nothing happens by itself."""
RESTORE_SECONDS = 30 * MINUTE
"""Until a database is available that is restored from a backup of some 100 GiB, replay of its logs included."""
REDEPLOY_SECONDS = 30 * MINUTE
"""Until all stacks are deployed in another region."""
REPLACEMENT_SECONDS = 10 * MINUTE
"""Until a managed service has replaced a single node of a cache or a broker."""
REPLICATION_LAG_SECONDS = 10 * SECOND
"""By how much an asynchronous replica is behind in ordinary operation; alarms watch over it."""
LOG_COPY_SECONDS = 5 * MINUTE
"""Until a piece of an archived log is in another region as well."""
COPY_SECONDS = HOUR
"""Until a recovery point is copied to another region."""

# USER_PIT.html: transaction logs go to S3 every five minutes, and a restore reaches any second up to the last of them.
LOG_INTERVAL_SECONDS = 5 * MINUTE


class Failure(StrEnum):
    """What may happen."""

    ZONE = "loss of a zone"
    INSTANCE = "loss of the instance"
    DELETION = "accidental delete"
    REGION = "loss of the region"


@dataclass(frozen=True, slots=True)
class Figure:
    """A time in seconds, at most; None if there is no bound: all of it is lost, or nothing brings it back."""

    seconds: float | None
    formula: str


NOTHING_LOST = Figure(0, "nothing is lost")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One failure of one resource."""

    kind: str
    """What the resource is, such as `Aurora cluster`."""
    stack: str
    resource: str
    """Construct path within the stack."""
    logical_id: str
    failure: Failure
    rto: Figure
    rpo: Figure
    source: str
    """Where AWS documents the behaviour."""
    improvement: str = ""
    """What would make the figures smaller."""

    def meets(self, targets: "Targets") -> bool:
        """Whether both figures are below their targets."""
        return _below(self.rto, targets.rto_seconds) and _below(self.rpo, targets.rpo_seconds)


@dataclass(frozen=True, kw_only=True, slots=True)
class Targets:
    """What must not be reached: a figure equal to its target misses it."""

    rto_seconds: float
    rpo_seconds: float


def total(*parts: tuple[str, float]) -> Figure:
    """A sum, and the formula that shows it."""
    return Figure(
        sum(seconds for _, seconds in parts), " + ".join(f"{name} {duration(seconds)}" for name, seconds in parts)
    )


def reaction(*parts: tuple[str, float]) -> Figure:
    """A sum that begins with somebody's noticing."""
    return total(("reaction", REACTION_SECONDS), *parts)


def gone(why: str) -> Figure:
    """No bound."""
    return Figure(None, why)


def duration(seconds: float) -> str:
    """A time for people: in the largest unit that leaves no more than one decimal."""
    for unit, size in (("d", DAY), ("h", HOUR), ("min", MINUTE)):
        # Two days rather than 48 hours, but 90 minutes rather than a day and a half's fraction.
        if seconds >= size and (seconds * 10) % size == 0 and (unit != "d" or seconds >= 2 * DAY):
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _below(figure: Figure, target: float) -> bool:
    return figure.seconds is not None and figure.seconds < target
