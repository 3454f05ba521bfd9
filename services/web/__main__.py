"""Serves the pages until SIGTERM: `python -m services.web`."""

from services.serving.program import run
from services.settings import WebSettings
from services.web.app import create_app

if __name__ == "__main__":
    run(WebSettings, create_app)
