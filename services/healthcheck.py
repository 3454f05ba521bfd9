"""Asks the service in the same container for its health: `python -m services.healthcheck` exits with 0 or 1."""

import os
import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

# Below the 5 s that ECS waits for the answer by default.
_TIMEOUT_SECONDS = 3
# Prometheus has a name of its own for it.
_PATHS = ("/health", "/-/healthy")


def main() -> None:
    """Exits with 0 if the service says within 3 s that it is well; otherwise with 1 and the reason."""
    port = int(os.environ.get("PORT") or 3000)
    for path in _PATHS:
        connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("GET", path)
            status = connection.getresponse().status
        except (OSError, HTTPException) as error:
            sys.exit(f"port {port} does not answer: {error}")
        if status == HTTPStatus.OK:
            return
        if status != HTTPStatus.NOT_FOUND:
            break
    sys.exit(f"port {port} answered {status}")


if __name__ == "__main__":
    main()
