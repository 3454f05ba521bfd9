"""Settings of webapp."""

from collections.abc import Mapping

from services.settings.base import Process
from services.settings.parts import Served, WithDatabasePool


class WebSettings(Served, WithDatabasePool):
    """The container that serves pages."""


PROGRAMS: Mapping[str, type[Process]] = {"web": WebSettings}
