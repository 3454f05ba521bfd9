"""The scheduler's work: keep the lock, put up a fence, plan what is due."""

import logging

from redis import RedisError

from services.planning.connections import Connections
from services.planning.scheduler.lock import SchedulerLock
from services.planning.store import planner
from services.planning.store.planner import FencedOffError, Planned

logger = logging.getLogger(__name__)

# Due schedules of one transaction: bounds how long it holds their rows, and what a crash has to plan again.
BATCH = 100


class Scheduler:
    """Plans while it holds the lock. For one thread."""

    def __init__(self, lock: SchedulerLock, connections: Connections) -> None:
        self._lock = lock
        self._connections = connections
        self._fence: int | None = None

    @property
    def leads(self) -> bool:
        """Whether it planned, or could have, when it last looked."""
        return self._fence is not None

    def run_once(self) -> Planned:
        """Plans what is due; nothing while another scheduler holds the lock.

        Raises redis.RedisError and the connection's errors: without Redis nobody plans, and without PostgreSQL nobody
        can. Both pass by themselves: the caller is to go on calling.
        """
        if not self._holds_lock():
            return Planned()
        with self._connections() as connection:
            if self._fence is None:
                self._fence = planner.take_over(connection)
                logger.info("planning from here on", extra={"fence": self._fence})
            try:
                return planner.plan(connection, fence=self._fence, limit=BATCH)
            except FencedOffError:
                logger.warning("another scheduler has taken over", extra={"fence": self._fence})
                self._fence = None
                return Planned()

    def stop(self) -> None:
        """Lets a successor begin at once. Without Redis it begins when the lock expires."""
        self._fence = None
        try:
            self._lock.release()
        except RedisError as error:
            logger.warning("the lock could not be released", extra={"reason": type(error).__name__})

    def _holds_lock(self) -> bool:
        try:
            held = self._fence is not None and self._lock.renew()
        except RedisError:
            # Unknown is no: the lock may expire meanwhile, and its next holder puts up a fence of its own.
            self._fence = None
            raise
        if held:
            return True
        if self._fence is not None:
            logger.warning("the lock was lost", extra={"fence": self._fence})
            self._fence = None
        # A lock that is still this one's from before an outage of Redis or PostgreSQL is taken up again.
        return self._lock.renew() or self._lock.acquire()
