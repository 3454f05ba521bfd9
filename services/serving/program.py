"""Runs a service until SIGTERM."""

import os
import sys
from collections.abc import Callable
from typing import TypeVar

import uvicorn
from fastapi import FastAPI

from services.logs import configure_logging
from services.settings.base import SettingsError
from services.settings.parts import Served

# Above the 60 s after which the load balancer closes an idle connection, so that it never meets a closed one.
KEEP_ALIVE_SECONDS = 65
# Requests under way may end after SIGTERM; then the background tasks may.
DRAIN_SECONDS = 25

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
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        # The app logs its requests itself, as JSON.
        log_config=None,
        access_log=False,
        server_header=False,
    )
