"""Runs a service until SIGTERM."""

import os
import sys
from collections.abc import Callable
from typing import TypeVar

import uvicorn
from fastapi import FastAPI

from services.logs import configure_logging
from services.serving.protocol import BoundedProtocol
from services.settings.base import SettingsError
from services.settings.parts import Served

SettingsT = TypeVar("SettingsT", bound=Served)


def run(settings_type: type[SettingsT], create_app: Callable[[SettingsT], FastAPI]) -> None:
    """Serves the application. Exits with the missing or unusable variables if there are any."""
    try:
        settings = settings_type.from_environment(os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    configure_logging(settings.powertools_service_name, settings.log_level)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        http=BoundedProtocol,
        ws="none",
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.drain_seconds,
        # The app logs its requests itself, as JSON.
        log_config=None,
        access_log=False,
        server_header=False,
    )
