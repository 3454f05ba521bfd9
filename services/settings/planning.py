"""Settings of platform: its API, scheduler, worker and notifier."""

from collections.abc import Mapping

from services.settings.base import Process
from services.settings.parts import Served, WithCache, WithChannels, WithDatabasePool


class PlanningApiSettings(Served, WithDatabasePool, WithCache):
    """The container that takes schedules in."""


class SchedulerSettings(Served, WithDatabasePool, WithCache):
    """The container that plans what is due."""


class RenderingSettings(Served, WithDatabasePool):
    """The container that renders what was planned."""


class NotifierSettings(Served, WithDatabasePool, WithChannels):
    """The container that delivers what was rendered."""


PROGRAMS: Mapping[str, type[Process]] = {
    "planning.api": PlanningApiSettings,
    "planning.scheduler": SchedulerSettings,
    "planning.worker": RenderingSettings,
    "planning.notifier": NotifierSettings,
}
