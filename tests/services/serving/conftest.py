"""A service for clients that misbehave."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse

from services.serving.app import create_app
from services.serving.json_route import JsonRoute, bounded_body
from tests.support.serving import serving

LARGE = 50_000_000
SLOW_SECONDS = 1.5


async def _upload(request: Request) -> bytes:
    return await bounded_body(request, 1000)


@pytest.fixture
def begun() -> threading.Event:
    """Set once `/slow` is at work."""
    return threading.Event()


@pytest.fixture
def url(begun: threading.Event) -> Iterator[str]:
    """A service with routes that take bodies and time."""
    router = APIRouter(route_class=JsonRoute)

    @router.post("/documents")
    def document(content: dict[str, str]) -> int:
        """Takes JSON."""
        return len(content)

    @router.put("/uploads")
    def upload(content: Annotated[bytes, Depends(_upload)]) -> int:
        """Takes bytes."""
        return len(content)

    @router.get("/slow")
    def slow() -> str:
        """Takes longer than a client may."""
        begun.set()
        time.sleep(SLOW_SECONDS)
        return "done"

    @router.get("/large")
    def large() -> PlainTextResponse:
        """Answers with more than any buffer takes."""
        return PlainTextResponse("x" * LARGE)

    with serving(create_app(title="Things", description="Things.", routers=[router])) as url:
        yield url


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack
