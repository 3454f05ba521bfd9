"""How often each identity may ask: a number per minute, exact over all tasks.

Counted in the database, in leases: a task takes a twentieth of the number at a time and hands it out by itself. So no
more requests than the number are let through in a minute of the database's clock, by however many tasks, and each task
asks the database some twenty times a minute at most. What one task has taken and does not need is missing to the others
until the minute is over.
"""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from services.identity.asking import TakeConnection, ask
from services.identity.principal import Principal

_LEASES_PER_MINUTE = 20
MOST_LEASES = 10_000
"""Identities that a task counts at a time; what has been taken for others is lost to them until the next minute."""
# Rows of tokens' subjects whom nobody has heard of any more, taken away a few at a time.
_FORGOTTEN_HOURS = 24
_FORGOTTEN_AT_ONCE = 10

# A statement that had to wait may come after those of the next minute: it takes of that one then.
_TAKE = """
    WITH used AS (
        UPDATE api_keys SET last_used_at = date_trunc('minute', now())
        WHERE id = %(key_id)s AND COALESCE(last_used_at, '-infinity') < date_trunc('minute', now())
    ), forgotten AS (
        DELETE FROM request_rates WHERE subject IN (
            SELECT subject FROM request_rates
            WHERE minute < now() - make_interval(hours => %(hours)s) AND subject <> %(subject)s
            LIMIT %(at_once)s FOR UPDATE SKIP LOCKED
        )
    )
    INSERT INTO request_rates AS stored (subject, minute, taken, granted)
    VALUES (%(subject)s, date_trunc('minute', now()), %(part)s, %(part)s)
    ON CONFLICT (subject) DO UPDATE SET
        minute = GREATEST(stored.minute, EXCLUDED.minute),
        granted = CASE WHEN stored.minute < EXCLUDED.minute THEN EXCLUDED.granted
                  ELSE LEAST(EXCLUDED.granted, GREATEST(%(most)s - stored.taken, 0)) END,
        taken = CASE WHEN stored.minute < EXCLUDED.minute THEN EXCLUDED.taken
                ELSE LEAST(stored.taken + EXCLUDED.taken, GREATEST(%(most)s, stored.taken)) END
    RETURNING granted, minute, EXTRACT(EPOCH FROM stored.minute + interval '1 minute' - now())::float8
"""


@dataclass(slots=True)
class _Lease:
    left: int
    # Of the database's clock.
    minute: datetime
    until: float
    # Whether there is no more to be had in this minute.
    last: bool


class Rates:
    """Counts requests. Safe between threads."""

    def __init__(
        self,
        connection: TakeConnection,
        per_minute: int,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._per_minute = per_minute
        self._part = math.ceil(per_minute / _LEASES_PER_MINUTE)
        self._clock = clock
        self._guard = threading.Lock()
        self._leases: OrderedDict[str, _Lease] = OrderedDict()

    def take(self, principal: Principal) -> int:
        """0 if one more request may pass; else the seconds after which one may. Raises what the connection raises.

        Notes with a key, to the minute, when it was last used.
        """
        with self._guard:
            lease = self._leases.get(principal.subject)
            if lease is not None and (taken := self._of(lease)) is not None:
                return taken
        began = self._clock()
        # Asked twice, it takes twice: that lets no more pass.
        granted, minute, seconds = ask(self._connection, lambda connection: self._taken(connection, principal))
        lease = _Lease(granted, minute, began + seconds, granted < self._part)
        with self._guard:
            former = self._leases.get(principal.subject)
            if former is not None and former.until > began and former.minute == minute:
                # What another thread has taken meanwhile is added to.
                lease.left += former.left
            if former is None or former.minute <= minute:
                # What is left of an earlier minute is not for this one, nor takes its place.
                self._keep(principal.subject, lease)
            if not lease.left:
                return max(math.ceil(lease.until - self._clock()), 1)
            lease.left -= 1
        return 0

    def _keep(self, subject: str, lease: _Lease) -> None:
        self._leases[subject] = lease
        self._leases.move_to_end(subject)
        while len(self._leases) > MOST_LEASES:
            self._leases.popitem(last=False)

    def _of(self, lease: _Lease) -> int | None:
        """What `take` answers without the database; None if that has to be asked.

        Whoever asks too often costs the database nothing until the minute is over.
        """
        remaining = lease.until - self._clock()
        if remaining <= 0:
            return None
        if lease.left > 0:
            lease.left -= 1
            return 0
        return math.ceil(remaining) if lease.last else None

    def _taken(self, connection: Connection[Any], principal: Principal) -> tuple[int, datetime, float]:
        row = connection.execute(
            _TAKE,
            {
                "key_id": principal.key_id,
                "subject": principal.subject,
                "part": self._part,
                "most": self._per_minute,
                "hours": _FORGOTTEN_HOURS,
                "at_once": _FORGOTTEN_AT_ONCE,
            },
        ).fetchone()
        assert row is not None  # noqa: S101  # tells the type checker that the statement returns its row
        granted, minute, seconds = row
        return granted, minute, seconds
