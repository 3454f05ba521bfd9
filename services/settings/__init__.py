"""What each process reads from its environment: one frozen class per process.

`SETTINGS` names them by program and arguments as in the container's command ("api", "shop order"), and by
"function" and its folder in workers/.
"""

from collections.abc import Mapping
from types import MappingProxyType

from services.settings import notifications, operations, planning, shop, tickets, web
from services.settings.base import Process, SettingsError
from services.settings.notifications import (
    ApiSettings,
    KeysSettings,
    ReplaySettings,
    SweeperSettings,
    WorkerSettings,
)
from services.settings.operations import BackupSettings, MigrationSettings, PrometheusSettings, RotationSettings
from services.settings.parts import (
    BrokerServer,
    CacheServer,
    DatabaseLocation,
    DatabaseServer,
    DatabaseUrl,
    SearchServer,
    WithChannels,
)
from services.settings.planning import NotifierSettings, PlanningApiSettings, RenderingSettings, SchedulerSettings
from services.settings.shop import (
    OrderNotificationSettings,
    ProductSettings,
    SearchSettings,
    SessionSettings,
    ShopSettings,
)
from services.settings.tickets import TicketsSettings
from services.settings.web import WebSettings

__all__ = [
    "SETTINGS",
    "ApiSettings",
    "BackupSettings",
    "BrokerServer",
    "CacheServer",
    "DatabaseLocation",
    "DatabaseServer",
    "DatabaseUrl",
    "KeysSettings",
    "MigrationSettings",
    "NotifierSettings",
    "OrderNotificationSettings",
    "PlanningApiSettings",
    "ProductSettings",
    "PrometheusSettings",
    "RenderingSettings",
    "ReplaySettings",
    "RotationSettings",
    "SchedulerSettings",
    "SearchServer",
    "SearchSettings",
    "SessionSettings",
    "SettingsError",
    "ShopSettings",
    "SweeperSettings",
    "TicketsSettings",
    "WebSettings",
    "WithChannels",
    "WorkerSettings",
]

# Each module of this package has the programs of its system; a new one is added here.
SETTINGS: Mapping[str, type[Process]] = MappingProxyType(
    {
        **notifications.PROGRAMS,
        **operations.PROGRAMS,
        **planning.PROGRAMS,
        **shop.PROGRAMS,
        **tickets.PROGRAMS,
        **web.PROGRAMS,
    }
)
