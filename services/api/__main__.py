"""Serves the API until SIGTERM: `python -m services.api`."""

import os
import sys

import uvicorn

from services.api.app import create_app
from services.logs import configure_logging
from services.settings import ApiSettings, SettingsError

# Above the 60 s after which the load balancer closes an idle connection, so that it never meets a closed one.
_KEEP_ALIVE_SECONDS = 65
# Requests under way may end after SIGTERM; below the 60 s after which ECS kills the task.
_DRAIN_SECONDS = 25


def main() -> None:
    """Runs the server. Exits with the missing or unusable variables if there are any."""
    try:
        settings = ApiSettings.from_environment(os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    configure_logging(settings.powertools_service_name, settings.log_level)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        # The app logs its requests itself, as JSON.
        log_config=None,
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
