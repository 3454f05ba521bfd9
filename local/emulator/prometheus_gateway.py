"""The address of a Prometheus workspace: what Amazon Managed Service for Prometheus names and answers differently.

It takes remote writes at `api/v1/remote_write`, where a Prometheus server has `api/v1/write`, signed or not: Debian's
Prometheus 2.42 accepts `sigv4` in its configuration and signs nothing. Everything that reads is passed on, so that a
browser can show the server's own pages; what administrates the server is not.
"""

import threading
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local.emulator.ports import LOOPBACK

# Amazon Managed Service for Prometheus' own limit of a query's time.
_UPSTREAM_TIMEOUT_SECONDS = 60.0
# Headers that speak of one connection only.
_HOP_BY_HOP = frozenset({"connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})


class Gateway:
    """A small proxy in front of one Prometheus server."""

    def __init__(self, *, port: int, server_port: int, prefix: str) -> None:
        """Describe a gateway on `port` to the server on `server_port`, whose paths begin with `prefix`."""
        self._port = port
        self._handler = type("Handler", (_Handler,), {"server_port": server_port, "prefix": prefix})
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Begin to answer.

        Raises:
            OSError: the port is taken.
        """
        self._server = ThreadingHTTPServer((LOOPBACK, self._port), self._handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Handler(BaseHTTPRequestHandler):
    """Passes one connection's requests on."""

    protocol_version = "HTTP/1.1"
    server_port: int
    prefix: str

    def log_message(self, *_: Any) -> None:
        """The server behind keeps a log."""

    def do_GET(self) -> None:
        """Read."""
        self._pass_on(self.path)

    def do_POST(self) -> None:
        """Write, or read with a long query."""
        path = self.path
        if path.partition("?")[0] == f"{self.prefix}/api/v1/remote_write":
            path = f"{self.prefix}/api/v1/write"
        self._pass_on(path)

    def _pass_on(self, path: str) -> None:
        # Also of a request that is refused: the next one follows on the same connection.
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path.startswith((f"{self.prefix}/-/", f"{self.prefix}/api/v1/admin/")):
            self._answer(403, b"not offered\n", {"Content-Type": "text/plain"})
            return
        connection = HTTPConnection(LOOPBACK, self.server_port, timeout=_UPSTREAM_TIMEOUT_SECONDS)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            connection.request(self.command, path, body, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as error:
            self._answer(503, f"the workspace's server does not answer: {error}\n".encode(), {})
            return
        finally:
            connection.close()
        kept = {name: value for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP}
        self._answer(response.status, content, kept)

    def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
