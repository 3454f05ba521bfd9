"""Serves the API until SIGTERM: `python -m services.api`."""

from services.api.app import create_app
from services.serving.program import run
from services.settings import ApiSettings

if __name__ == "__main__":
    run(ApiSettings, create_app)
