"""Runs the scheduler until SIGTERM: `python -m services.planning.scheduler`."""

from services.planning.scheduler.app import create_app
from services.serving.program import run
from services.settings import SchedulerSettings

if __name__ == "__main__":
    run(SchedulerSettings, create_app)
