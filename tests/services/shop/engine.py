"""As much of OpenSearch as the search service asks of it, over HTTPS and with a password."""

import base64
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from tests.support.postgres import HOST


class FakeEngine:
    """Keeps documents by id and finds those with all words in their name.

    status: what it answers everything with, if not 200. seconds: how long it takes. gibberish: whether it answers
    with JSON that OpenSearch would not send. refused: ids of documents that it does not take.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.username, self.password = "search", uuid4().hex
        self.status = 200
        self.seconds = 0.0
        self.gibberish = False
        self.refused: set[str] = set()
        self.requests: list[tuple[str, str]] = []
        self.has_index = False
        self.mappings: dict[str, Any] = {}
        self.documents: dict[str, dict[str, Any]] = {}

    def lose_everything(self) -> None:
        self.has_index = False
        self.documents.clear()

    def answer(self, method: str, path: str, authorization: str, body: bytes) -> tuple[int, Any]:
        self.requests.append((method, path))
        time.sleep(self.seconds)
        expected = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        if authorization != f"Basic {expected}":
            return 401, {"error": "unauthorized"}
        if self.status != 200 or self.gibberish:
            return self.status, {"hello": "world"}
        return self._operate(method, urlsplit(path).path, body)

    def _operate(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        match method, path:
            case "HEAD", "/products":
                return (200 if self.has_index else 404), None
            case "PUT", "/products":
                self.has_index, self.mappings = True, json.loads(body)["mappings"]
                return 200, {"acknowledged": True}
            case "POST", "/products/_bulk":
                return 200, self._bulk([json.loads(line) for line in body.splitlines()])
            case "POST", "/products/_search":
                return self._search(json.loads(body)["query"]["match"]["name"]["query"])
        return 400, {"error": f"unexpected: {method} {path}"}

    def _bulk(self, lines: list[Any]) -> dict[str, Any]:
        items = []
        for action, document in zip(lines[::2], lines[1::2], strict=True):
            identifier = action["index"]["_id"]
            taken = identifier not in self.refused
            if taken:
                self.documents[identifier] = document
            items.append({"index": {"_id": identifier, "status": 201 if taken else 429}})
        return {"errors": bool(self.refused), "items": items}

    def _search(self, words: str) -> tuple[int, Any]:
        if not self.has_index:
            return 404, {"error": {"type": "index_not_found_exception"}}
        wanted = set(words.lower().split())
        found = [each for each in self.documents.values() if wanted <= set(each["name"].lower().split())]
        found.sort(key=lambda each: str(each["name"]))
        return 200, {"hits": {"hits": [{"_source": each} for each in found]}}


@contextmanager
def running_engine(certificate: Path, key: Path) -> Iterator[FakeEngine]:
    """Serves on a loopback port while the context lasts."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, document = engine.answer(self.command, self.path, self.headers.get("authorization", ""), body)
            content = b"" if document is None else json.dumps(document).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                # The client did not wait.
                self.close_connection = True

        do_HEAD = do_PUT = do_POST = do_GET = _serve  # noqa: N815  # names of the base class

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # name of the base class
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    server.daemon_threads = True
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    engine = FakeEngine(f"https://{HOST}:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield engine
    finally:
        server.shutdown()
        server.server_close()
