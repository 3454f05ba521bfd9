"""Serves an ASGI application by a thread of the test process."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp

from services.serving.protocol import BoundedProtocol
from tests.support.postgres import HOST

_START_SECONDS = 60
# What a busy machine may take to answer: the 5 s that httpx waits by default are less than other waits here.
CLIENT_SECONDS = 60.0


def client_of(url: httpx.URL | str, **options: Any) -> httpx.Client:
    """A client that does not give an answer up for the machine's sake."""
    return httpx.Client(base_url=url, timeout=CLIENT_SECONDS, **options)


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Yields the address; the server ends with the context."""
    server = uvicorn.Server(
        uvicorn.Config(app, host=HOST, port=0, http=BoundedProtocol, ws="none", log_config=None, access_log=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("the server did not start")
        time.sleep(0.01)
    (listener,) = server.servers
    try:
        yield f"http://{HOST}:{listener.sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(_START_SECONDS)
