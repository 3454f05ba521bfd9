"""Runs one service of the shop until SIGTERM: `python -m services.shop order`."""

import sys
from collections.abc import Callable
from functools import partial

from services.serving.program import run
from services.settings import OrderNotificationSettings, ProductSettings, SearchSettings, SessionSettings
from services.shop import inventory, notification, order, payment, product, user
from services.shop.search import app as search

_SERVICES: dict[str, Callable[[], None]] = {
    "user": partial(run, SessionSettings, user.create_app),
    "product": partial(run, ProductSettings, product.create_app),
    "order": partial(run, SessionSettings, order.create_app),
    "payment": partial(run, SessionSettings, payment.create_app),
    "notification": partial(run, OrderNotificationSettings, notification.create_app),
    "search": partial(run, SearchSettings, search.create_app),
    "inventory": partial(run, SessionSettings, inventory.create_app),
}


def main(arguments: list[str]) -> None:
    """Runs the service that the only argument names; without it, exits with the names there are."""
    service = _SERVICES.get(arguments[0]) if len(arguments) == 1 else None
    if service is None:
        sys.exit(f"usage: python -m services.shop {{{','.join(_SERVICES)}}}, not: {' '.join(arguments) or '(nothing)'}")
    service()


if __name__ == "__main__":
    main(sys.argv[1:])
