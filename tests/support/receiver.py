"""An HTTPS server that stands for webhook receivers, Telegram and CloudFormation: it keeps what it gets.

Import `certificate` and `receiver` into a conftest.py to use it.
"""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificate import write_certificate
from tests.support.postgres import HOST


@dataclass(frozen=True, slots=True)
class Received:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer, after how long, and what to do before."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    after_seconds: float = 0
    before: Callable[[], object] = lambda: None
    # Instead of HTTP, the request's own bytes: its first line and its body.
    echoed: bool = False


class Receiver:
    """The requests in the order of their arrival, and the answers by path (200 where none is set)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[Received] = []
        self.answers: dict[str, Answer | list[Answer]] = {}

    def to(self, path: str) -> list[Received]:
        """The requests to one path."""
        return [request for request in self.requests if request.path == path]

    def answer_to(self, path: str) -> Answer:
        """The answer that is due; the last one of a list stays."""
        answer = self.answers.get(path, Answer())
        if isinstance(answer, list):
            return answer.pop(0) if len(answer) > 1 else answer[0]
        return answer


@contextmanager
def running_receiver(certificate: Path, key: Path) -> Iterator[Receiver]:
    """Serves on a loopback port while the context lasts."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            kept.requests.append(Received(self.command, self.path, headers, body))
            answer = kept.answer_to(self.path)
            answer.before()
            time.sleep(answer.after_seconds)
            try:
                if answer.echoed:
                    self.wfile.write(self.requestline.encode() + body + b"\r\n\r\n")
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)
            except OSError:
                # The client did not wait.
                self.close_connection = True

        do_POST = do_PUT = do_GET = _serve  # noqa: N815  # names of the base class

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # name of the base class
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    server.daemon_threads = True
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    # By a name, as a webhook must have it.
    kept = Receiver(f"https://localhost:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The certificate and the key of every receiver."""
    return write_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def receiver(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver whose certificate clients trust."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with running_receiver(*certificate) as receiver:
        yield receiver
