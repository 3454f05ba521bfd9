"""Connections to a server, without a client that knows what HTTP is."""

import socket
import time
from contextlib import ExitStack

import httpx

from tests.support.postgres import HOST

# As long as a busy machine may need for one answer.
_ANSWER_SECONDS = 60.0
# As long as it may need. What is dripped to see that it is given up must last longer.
_CLOSED_SECONDS = 30.0


def connected(url: str, stack: ExitStack, sent: str = "") -> socket.socket:
    """A connection that ends with the stack, on which something was sent."""
    connection = stack.enter_context(
        socket.create_connection((HOST, httpx.URL(url).port or 0), timeout=_ANSWER_SECONDS)
    )
    connection.sendall(sent.encode("latin-1"))
    return connection


def dripped(connection: socket.socket, text: str, *, pause: float = 0.05) -> bytes:
    """What is answered until the server closes the connection, while a little is sent every now and then."""
    answer = b""
    connection.settimeout(pause)
    ends_at = time.monotonic() + _CLOSED_SECONDS
    characters = iter(text)
    while time.monotonic() < ends_at:
        try:
            if not (part := connection.recv(65536)):
                return answer
            answer += part
        except TimeoutError:
            connection.sendall(next(characters, "").encode())
        except ConnectionError:
            return answer
    raise AssertionError(f"not closed: {answer!r}")
