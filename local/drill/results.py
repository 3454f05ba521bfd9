"""What a rehearsed failure has cost, and what it may cost."""

from collections.abc import Iterable
from dataclasses import dataclass

from local.drill.databases import Database
from local.drill.writer import Row

RTO_TARGET_SECONDS = 3600.0
RPO_TARGET_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One failure of one database."""

    database: Database
    failure: str
    computed_as: str | None
    """The failure's name in the table of computed figures; None if it is not in it."""
    rto_seconds: float | None
    """From the failure until the data could be read and written again; None if that did not happen in time."""
    rpo_seconds: float
    """From the first row that is lost until the failure; 0 if none is."""
    confirmed_rows: int
    """Rows that the database had confirmed before the failure."""
    lost_rows: int
    """Those of them that are not there any more."""
    judged_rpo: bool = True
    """Whether this way of restoring is meant to meet the RPO target."""
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether nothing is lost that should not be, and both figures are below their targets."""
        rto = self.rto_seconds is not None and self.rto_seconds < RTO_TARGET_SECONDS
        rpo = not self.judged_rpo or self.rpo_seconds < RPO_TARGET_SECONDS
        return rto and rpo and self.lost_rows == 0


@dataclass(frozen=True, slots=True)
class Losses:
    """What a failure has cost in rows."""

    confirmed: int
    """Rows confirmed before it."""
    lost: int
    """Those of them that are missing."""
    seconds: float
    """From the first of the missing ones until the failure."""


def losses(confirmed: Iterable[Row], present: set[int], *, failed_at: float) -> Losses:
    """Compare what was confirmed before a failure with what is there after it."""
    before = [row for row in confirmed if row.confirmed <= failed_at]
    lost = [row for row in before if row.number not in present]
    return Losses(len(before), len(lost), max((failed_at - row.confirmed for row in lost), default=0.0))
