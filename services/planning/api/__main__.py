"""Runs the API until SIGTERM: `python -m services.planning.api`."""

from services.planning.api.app import create_app
from services.serving.program import run
from services.settings import PlanningApiSettings

if __name__ == "__main__":
    run(PlanningApiSettings, create_app)
