"""A line between a client and a server of the test that can be made slow, or to carry nothing back."""

import socket
import threading
from contextlib import suppress
from typing import Self

from tests.support.postgres import HOST


class SlowLine:
    """Passes on what comes to its port, and the answers after `delay_seconds` each, while it `carries`."""

    def __init__(self, server_port: int) -> None:
        self.delay_seconds = 0.0
        self.carries = threading.Event()
        self.carries.set()
        self._server_port = server_port
        self._ended = threading.Event()
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.carries.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection((HOST, self._server_port))
            threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        self._pass_on(server, client, slow=True)

    def _pass_on(self, source: socket.socket, sink: socket.socket, *, slow: bool = False) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if slow:
                    self._ended.wait(self.delay_seconds)
                    self.carries.wait()
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                # Ends the other direction, too.
                end.shutdown(socket.SHUT_RDWR)
