"""Settings of ecommerce: one class for each of its seven services."""

from collections.abc import Mapping

from services.settings.base import Process, Text
from services.settings.parts import Served, WithBroker, WithCache, WithDatabasePool, WithEmail, WithSearch


class ShopSettings(Served, WithDatabasePool, WithBroker):
    """What every service of the shop uses: a database of its own, and the broker that they all share."""


class SessionSettings(ShopSettings, WithCache):
    """A service that knows its users by their sessions."""


class ProductSettings(SessionSettings):
    """The catalogue. Pictures go to the bucket."""

    media_bucket: Text


class OrderNotificationSettings(SessionSettings, WithEmail):
    """The service that tells people about their orders."""


class SearchSettings(ShopSettings, WithSearch):
    """The service that finds products."""


PROGRAMS: Mapping[str, type[Process]] = {
    "shop user": SessionSettings,
    "shop product": ProductSettings,
    "shop order": SessionSettings,
    "shop payment": SessionSettings,
    "shop notification": OrderNotificationSettings,
    "shop search": SearchSettings,
    "shop inventory": SessionSettings,
}
