"""A receiver that takes its time: it answers, or reads, a little every now and then, for as long as it is let."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path

from tests.support.postgres import HOST

_PAUSE_SECONDS = 0.05
# Far beyond what a delivery may take in the tests, on whatever machine: what a client has not cut off by then, it has
# not bounded.
MOST_SECONDS = 180.0
# So little that a long message takes nearly as long.
_READ_BYTES = 256


class Drips(Enum):
    """What comes little by little."""

    HEADERS = "headers"
    REFUSAL = "the body of a refusal"
    SUCCESS = "the body of a success"
    READING = "reading the request"


class DrippingReceiver:
    """Takes connections.

    hurry: set to have no more pauses. cut_off: set once a client has closed its connection, within MOST_SECONDS,
    wherever it had got to.
    taken: how many bytes it has read little by little.
    """

    def __init__(self, drips: Drips, listener: socket.socket, tls: ssl.SSLContext) -> None:
        self.url = f"https://localhost:{listener.getsockname()[1]}"
        self.hurry = threading.Event()
        self.cut_off = threading.Event()
        self.taken = 0
        self._drips = drips
        self._listener = listener
        self._tls = tls
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, plain: socket.socket) -> None:
        ends_at = time.monotonic() + MOST_SECONDS
        try:
            # A client may be gone before the handshake is over.
            with self._tls.wrap_socket(plain, server_side=True) as connection:
                self._begin(connection)
                while time.monotonic() < ends_at:
                    self.hurry.wait(_PAUSE_SECONDS)
                    self._drip(connection)
        except (OSError, EOFError):
            self.cut_off.set()

    def _begin(self, connection: ssl.SSLSocket) -> None:
        if self._drips is not Drips.READING:
            connection.recv(65536)
            status = "400 Bad Request" if self._drips is Drips.REFUSAL else "200 OK"
            connection.sendall(f"HTTP/1.1 {status}\r\n".encode())
            if self._drips is not Drips.HEADERS:
                connection.sendall(b"Content-Length: 10000\r\n\r\n")

    def _drip(self, connection: ssl.SSLSocket) -> None:
        if self._drips is Drips.READING:
            if not (part := connection.recv(_READ_BYTES)):
                raise EOFError
            self.taken += len(part)
        else:
            connection.sendall(b"X-More: to come\r\n" if self._drips is Drips.HEADERS else b" ")


@contextmanager
def dripping(drips: Drips, certificate: tuple[Path, Path]) -> Iterator[DrippingReceiver]:
    """Serves on a loopback port while the context lasts."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate)
    with socket.socket() as listener:
        # Less than a long message, which otherwise would wait in the system's buffers.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind((HOST, 0))
        listener.listen()
        yield DrippingReceiver(drips, listener, tls)
