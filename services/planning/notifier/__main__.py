"""Runs the notifier until SIGTERM: `python -m services.planning.notifier`."""

from services.planning.notifier.app import create_app
from services.serving.program import run
from services.settings import NotifierSettings

if __name__ == "__main__":
    run(NotifierSettings, create_app)
