"""Serves the tickets until SIGTERM: `python -m services.tickets`."""

from services.serving.program import run
from services.settings import TicketsSettings
from services.tickets.app import create_app

if __name__ == "__main__":
    run(TicketsSettings, create_app)
