"""Runs the worker until SIGTERM: `python -m services.planning.worker`."""

from services.planning.worker.app import create_app
from services.serving.program import run
from services.settings import RenderingSettings

if __name__ == "__main__":
    run(RenderingSettings, create_app)
