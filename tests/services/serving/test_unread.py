"""Clients that ask, and do not take in what is answered."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from itertools import repeat

import httpx
import pytest
from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, StreamingResponse

from services.serving import protocol
from services.serving.app import create_app
from services.serving.protocol import BoundedProtocol
from tests.support.eventually import eventually
from tests.support.postgres import HOST
from tests.support.raw_http import connected
from tests.support.serving import CLIENT_SECONDS, serving

_SECONDS = 0.5
# More than a connection of `unread` takes in, and less than what asyncio buffers before it pauses an application.
_MEDIUM = 40_000


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A service whose clients are given little time for an answer."""
    monkeypatch.setattr(protocol, "ANSWER_SECONDS", _SECONDS)
    router = APIRouter()

    @router.get("/medium")
    def medium() -> PlainTextResponse:
        """Answers with a text at once."""
        return PlainTextResponse("x" * _MEDIUM)

    @router.get("/endless")
    def endless() -> StreamingResponse:
        """Answers for as long as it is taken in."""
        return StreamingResponse(repeat(b"x" * _MEDIUM))

    with serving(create_app(title="Things", description="Things.", routers=[router])) as url:
        yield url


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[BoundedProtocol]:
    """The server's connections, whose sockets buffer next to nothing."""
    made = BoundedProtocol.connection_made
    connections: list[BoundedProtocol] = []

    def make(connection: BoundedProtocol, transport: asyncio.Transport) -> None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        connections.append(connection)
        made(connection, transport)

    monkeypatch.setattr(BoundedProtocol, "connection_made", make)
    return connections


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch) -> list[BoundedProtocol]:
    """The connections whose clients have left something of an answer, however short a time they were given."""
    pause = BoundedProtocol.pause_writing
    connections: list[BoundedProtocol] = []

    def tell(connection: BoundedProtocol) -> None:
        pause(connection)
        connections.append(connection)

    monkeypatch.setattr(BoundedProtocol, "pause_writing", tell)
    return connections


def unread(url: str, stack: ExitStack, sent: str) -> socket.socket:
    """A connection whose client takes next to nothing in."""
    connection = stack.enter_context(socket.socket())
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    connection.connect((HOST, httpx.URL(url).port or 0))
    connection.sendall(sent.encode())
    return connection


def is_unread(served: list[BoundedProtocol], number: int) -> bool:
    """Whether there is something that the client of this connection has not taken in."""
    return len(served) > number and served[number].transport.get_write_buffer_size() > 0


_GET_MEDIUM = "GET /medium HTTP/1.1\r\nHost: x\r\n\r\n"
_CLOSE_AFTERWARDS = _GET_MEDIUM.replace("Host: x", "Host: x\r\nConnection: close")


@pytest.mark.parametrize(
    "sent",
    [_CLOSE_AFTERWARDS, _GET_MEDIUM, f"{_GET_MEDIUM}no HTTP at all\r\n\r\n"],
    ids=["the client's wish", "kept alive", "refused"],
)
def test_a_connection_that_is_closed_is_not_kept_for_what_is_not_taken_in(
    url: str, stack: ExitStack, served: list[BoundedProtocol], paused: list[BoundedProtocol], sent: str
) -> None:
    unread(url, stack, sent)
    # It is the answer that keeps it open.
    eventually(lambda: paused)
    eventually(lambda: served[0].connections == set())


@pytest.mark.parametrize("sent", [_CLOSE_AFTERWARDS, _GET_MEDIUM, _GET_MEDIUM.replace("medium", "endless")])
def test_who_takes_no_answer_in_makes_room_for_others(
    url: str, stack: ExitStack, served: list[BoundedProtocol], monkeypatch: pytest.MonkeyPatch, sent: str
) -> None:
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 5)
    monkeypatch.setattr(protocol, "ANSWER_SECONDS", 60)
    for number in range(5):
        unread(url, stack, sent)
        eventually(partial(is_unread, served, number))
    assert httpx.get(f"{url}/health", timeout=CLIENT_SECONDS).status_code == 200
    # The first one, which has kept it waiting longest.
    assert [each in each.connections for each in served[:5]] == [False, True, True, True, True]


def test_an_answer_counts_from_when_it_was_made(
    url: str, stack: ExitStack, served: list[BoundedProtocol], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sends on, and takes nothing in, keeps the server waiting all the same."""
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 2)
    for name in ("ANSWER_SECONDS", "HEAD_SECONDS"):
        monkeypatch.setattr(protocol, name, 60)
    greedy = unread(url, stack, _GET_MEDIUM)
    eventually(lambda: is_unread(served, 0))
    connected(url, stack, "GET /health HTTP/1.1\r\n")
    eventually(lambda: len(served) == 2)
    greedy.sendall(b"GET /hea")
    time.sleep(0.2)
    assert httpx.get(f"{url}/health", timeout=CLIENT_SECONDS).status_code == 200
    assert [each in each.connections for each in served[:2]] == [False, True]
