"""Settings of ticketero."""

from collections.abc import Mapping

from services.settings.base import Process
from services.settings.parts import Served, WithBroker, WithDatabasePool, WithTelegram


class TicketsSettings(Served, WithDatabasePool, WithBroker, WithTelegram):
    """The container that takes tickets in and passes them on."""


PROGRAMS: Mapping[str, type[Process]] = {"tickets": TicketsSettings}
