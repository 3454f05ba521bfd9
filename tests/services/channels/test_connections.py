"""Connections to receivers, shared by the threads that deliver."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from services.channels.http import http_client
from services.channels.targets import Targets
from services.delivery import THREADS
from tests.support.postgres import HOST


class Neighbour(ThreadingHTTPServer):
    """Answers when all threads ask at the same time, and counts their connections."""

    request_queue_size = THREADS
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Handler)
        self.connections = 0
        self.together = threading.Barrier(THREADS, timeout=60)

    def process_request(self, *arguments: Any) -> None:
        self.connections += 1
        super().process_request(*arguments)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert isinstance(self.server, Neighbour)
        self.server.together.wait()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def neighbour() -> Iterator[Neighbour]:
    with Neighbour() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_no_connection_is_closed_for_being_one_too_many(neighbour: Neighbour, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is closed for that may have been given to another thread, whose answer is lost with it."""
    monkeypatch.setattr("services.channels.http._IDLE_SECONDS", 600)
    url = f"http://{HOST}:{neighbour.server_port}/"
    with http_client(Targets.of_url(url)) as client, ThreadPoolExecutor(THREADS) as threads:
        for _ in range(3):
            statuses = [answer.status_code for answer in threads.map(client.get, [url] * THREADS)]
            assert statuses == [204] * THREADS
    assert neighbour.connections == THREADS
