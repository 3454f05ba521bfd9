"""Puts the scheduler together."""

from fastapi import FastAPI
from prometheus_client import Counter, Gauge

from services import cache
from services.background import Loop
from services.planning.scheduler.lock import SchedulerLock
from services.planning.scheduler.scheduling import BATCH, Scheduler
from services.pool import service_pool
from services.secret_values import SecretValues
from services.serving import app as serving
from services.settings import SchedulerSettings

_PLANNED = Counter("notifications_planned", "Notifications planned.")
_SKIPPED = Counter("planned_times_skipped", "Times of recurring schedules that were missed and not caught up.")
_LEADS = Gauge("scheduler_leads", "Whether this scheduler is the one that plans: 1 or 0.")
# How long nobody plans after a scheduler died: long enough for a pause of the process not to cost it the lock.
_LEASE_SECONDS = 10
_POLL_SECONDS = 0.5


class Planning(Loop):
    """Plans in the background; hands over to a successor in the end."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__("scheduler", self._plan, idle_seconds=_POLL_SECONDS)
        self._scheduler = scheduler

    def join(self, timeout_seconds: float) -> bool:
        """Waits for its end and lets go of the lock; False if that does not come in time."""
        ended = super().join(timeout_seconds)
        if ended:
            self._scheduler.stop()
        return ended

    def _plan(self) -> bool:
        try:
            planned = self._scheduler.run_once()
        finally:
            _LEADS.set(self._scheduler.leads)
        _PLANNED.inc(planned.notifications)
        _SKIPPED.inc(planned.skipped)
        return planned.schedules == BATCH


def create_app(settings: SchedulerSettings) -> FastAPI:
    """The application: it plans in the background, and answers for its health and metrics."""
    secrets = SecretValues(settings.aws_region)
    pool = service_pool(settings, secrets)
    lock = SchedulerLock(cache.connect(settings.cache, secrets), lease_seconds=_LEASE_SECONDS)
    return serving.create_app(
        title="Scheduler",
        description="Plans what is due.",
        resources=[pool],
        tasks=[Planning(Scheduler(lock, pool.connection))],
    )
