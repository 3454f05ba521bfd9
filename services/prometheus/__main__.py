"""Runs Prometheus until SIGTERM: `python -m services.prometheus`."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from services.logs import configure_logging
from services.prometheus.configuration import PrometheusNotFoundError
from services.prometheus.supervisor import run
from services.settings import PrometheusSettings, SettingsError

_PROGRAM = "prometheus"


def main() -> None:
    """Runs the server. Exits with the missing or unusable variables if there are any."""
    try:
        settings = PrometheusSettings.from_environment(os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    configure_logging(settings.powertools_service_name, settings.log_level)
    executable = shutil.which(_PROGRAM)
    if executable is None:
        sys.exit(f"{_PROGRAM} is not in the PATH: install it (Debian: apt install prometheus)")
    # The data goes with the task: what is to stay is written to a workspace.
    with tempfile.TemporaryDirectory(prefix="prometheus-") as folder:
        try:
            code = run(settings, executable=executable, folder=Path(folder))
        except PrometheusNotFoundError as error:
            sys.exit(str(error))
    sys.exit(code)


if __name__ == "__main__":
    main()
