"""Free ports on the loopback address."""

import socket
import threading
from collections.abc import Iterable

from local.errors import LocalError

LOOPBACK = "127.0.0.1"

_reserved: set[int] = set()
_guard = threading.Lock()


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port in TIME_WAIT after a restart counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def is_served(port: int) -> bool:
    """Whether a server takes connections on this port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def reserve(candidates: Iterable[int], *, flag: str = "--database-ports") -> int:
    """Take the first free port of `candidates` that no other caller holds; `release` gives it back.

    `flag` is how the emulator is told of other candidates.

    Raises:
        LocalError: none is free.
    """
    tried = 0
    with _guard:
        for port in candidates:
            tried += 1
            if port not in _reserved and is_free(port):
                _reserved.add(port)
                return port
    raise LocalError(f"none of {tried} ports is free; stop what uses them or name others with {flag}")


def reserve_any() -> int:
    """Take a free port that the system picks; `release` gives it back."""
    with _guard:
        for _ in range(100):
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                probe.bind((LOOPBACK, 0))
                port = int(probe.getsockname()[1])
            if port not in _reserved:
                _reserved.add(port)
                return port
    raise LocalError("the system offers no free port")


def release(port: int) -> None:
    """Give a port back that nothing listens on any more."""
    with _guard:
        _reserved.discard(port)
