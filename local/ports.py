"""Ports that must be free before a server starts on them."""

import errno
import socket
from contextlib import suppress

import psutil

from local.errors import LocalError

LOOPBACK = "127.0.0.1"


def require_free(port: int, *, variable: str, purpose: str) -> None:
    """Make sure that a server can listen on a loopback port.

    Raises:
        LocalError: somebody else listens there, or this user may not; the message names the variable to set.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of a former server that linger in TIME_WAIT don't count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            advice = f"set {variable} to a free port"
            if error.errno == errno.EACCES:
                raise LocalError(f"port {port} ({purpose}) is not open to this user; {advice}") from None
            if error.errno != errno.EADDRINUSE:
                raise
            raise LocalError(f"port {port} ({purpose}) is taken by {_holder(port)}; stop that, or {advice}") from None


def _holder(port: int) -> str:
    with suppress(psutil.Error):  # some systems show other users' sockets to an administrator only
        for connection in psutil.net_connections(kind="tcp"):
            # An address is a pair (address, port), or empty.
            if connection.status == psutil.CONN_LISTEN and port in connection.laddr[1:] and connection.pid:
                process = psutil.Process(connection.pid)
                return f"process {process.pid} ({' '.join(process.cmdline())[:80] or process.name()})"
    return "another process"
