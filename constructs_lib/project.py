"""Where the project's folders are, whatever folder a command was started in."""

from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
WORKERS_FOLDER = PROJECT_ROOT / "workers"
SERVICES_FOLDER = PROJECT_ROOT / "services"
