"""Clients that take their time, come in numbers, or send no HTTP."""

import json
import logging
import socket
import threading
import time
from contextlib import ExitStack
from http import HTTPStatus

import httpx
import pytest

from services.serving import protocol
from services.serving.protocol import BoundedProtocol
from tests.services.problems import problem
from tests.services.serving.conftest import LARGE, SLOW_SECONDS
from tests.support.eventually import PATIENCE_SECONDS, eventually
from tests.support.raw_http import connected, dripped
from tests.support.serving import CLIENT_SECONDS

_SECONDS = 0.5
_MARK = "hunter2"
_HEALTHY = b'{"status":"ok"}'
_POST = "POST /documents HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n"


def received(connection: socket.socket, end: bytes) -> bytes:
    """What is answered up to something."""
    answer = b""
    while end not in answer:
        answer += connection.recv(65536) or pytest.fail(f"closed: {answer!r}")
    return answer


def refused(answer: bytes, status: int) -> str:
    """The detail of a problem document."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()), answer
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head.lower()
    document = json.loads(body)
    assert document["status"] == status
    assert _MARK not in answer.decode()
    return str(document["detail"])


@pytest.mark.parametrize(
    "sent", ["", "G", "GET /health HTTP/1.1\r\n", f"GET /health HTTP/1.1\r\nX-Secret: {_MARK}\r\n"]
)
def test_a_head_that_does_not_come_to_its_end_is_given_up(
    url: str, stack: ExitStack, monkeypatch: pytest.MonkeyPatch, sent: str
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", _SECONDS)
    started = time.monotonic()
    answer = dripped(connected(url, stack, sent), "")
    assert time.monotonic() - started > _SECONDS * 0.8
    assert refused(answer, 408) == f"the head of the request did not come within {_SECONDS} s"


def test_a_head_that_comes_little_by_little_is_given_no_more_time(
    url: str, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", _SECONDS)
    # More than `dripped` has time for.
    answer = dripped(connected(url, stack, "GET /health HTTP/1.1\r\n"), "X-More: to come\r\n" * 100)
    refused(answer, 408)


@pytest.mark.parametrize("head", [_POST, _POST.replace("POST /documents", "PUT /uploads")])
def test_a_body_that_comes_little_by_little_is_given_up(
    url: str, stack: ExitStack, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, head: str
) -> None:
    monkeypatch.setattr(protocol, "BODY_SECONDS", _SECONDS)
    with caplog.at_level(logging.INFO):
        # Within what an upload may have, and more than `dripped` has time for.
        answer = dripped(connected(url, stack, head.replace("20", "900") + f'{{"{_MARK}'), " " * 800)
        assert refused(answer, 408) == f"the body of the request did not come within {_SECONDS} s"
        eventually(lambda: any(record.message == "request" for record in caplog.records))
    # As of a client that has left; nothing is an error of ours.
    assert [record.__dict__["status"] for record in caplog.records if record.message == "request"] == [None]
    assert {record.levelname for record in caplog.records} <= {"INFO", "WARNING"}
    assert _MARK not in caplog.text


def test_the_second_request_of_a_connection_has_its_own_time(
    url: str, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    connection = connected(url, stack, whole)
    received(connection, _HEALTHY)
    # Only now: from connecting to a whole head, a busy machine may take longer.
    monkeypatch.setattr(protocol, "HEAD_SECONDS", _SECONDS)
    connection.sendall(whole.encode())
    received(connection, _HEALTHY)
    # An idle connection is kept: the load balancer has many of them.
    time.sleep(2 * _SECONDS)
    connection.sendall(f"{whole}GET /hea".encode())
    answer = dripped(connection, "")
    first, _, second = answer.partition(_HEALTHY)
    assert first.startswith(b"HTTP/1.1 200 OK")
    refused(second, 408)


def test_a_request_that_takes_us_long_is_not_the_client_s_fault(
    url: str, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Enough for a request that is sent as a whole, and less than the answer takes.
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "ANSWER_SECONDS"):
        monkeypatch.setattr(protocol, name, SLOW_SECONDS * 2 / 3)
    assert httpx.get(f"{url}/slow", timeout=CLIENT_SECONDS).json() == "done"
    # Nor is one that waits behind it.
    connection = connected(url, stack, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b'"done"' in received(connection, _HEALTHY)


def test_an_answer_that_is_not_taken_in_is_given_up(
    url: str, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "ANSWER_SECONDS", _SECONDS)
    lose, given_up = BoundedProtocol.connection_lost, threading.Event()

    def lost(connection: BoundedProtocol, error: Exception | None) -> None:
        lose(connection, error)
        given_up.set()

    monkeypatch.setattr(BoundedProtocol, "connection_lost", lost)
    connection = connected(url, stack, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    # What is taken in before that could be all of it.
    assert given_up.wait(PATIENCE_SECONDS)
    taken = 0
    try:
        while part := connection.recv(1 << 20):
            taken += len(part)
    except ConnectionError:
        pass
    assert 0 < taken < LARGE


def test_a_handful_of_slow_clients_holds_nobody_up(url: str, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "BODY_SECONDS", 60)
    # Each sends on for as long as it is let, and there are more of them than threads.
    for _ in range(60):
        connected(url, stack, _POST + "{")
    # Behind them it would wait for as long as their bodies may take.
    assert httpx.post(f"{url}/documents", json={"a": "b"}, timeout=CLIENT_SECONDS).json() == 1


def test_of_too_many_connections_the_one_goes_that_has_waited_longest(
    url: str, stack: ExitStack, begun: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 5)
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 60)
    busy = connected(url, stack, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    assert begun.wait(PATIENCE_SECONDS)
    slow = []
    for _ in range(12):
        slow.append(connected(url, stack, "GET /health HTTP/1.1\r\n"))
        time.sleep(0.02)
    assert httpx.get(f"{url}/health", timeout=CLIENT_SECONDS).status_code == 200
    assert b"200 OK" in busy.recv(65536)
    ended = [closed(each) for each in slow]
    assert ended == [True] * ended.count(True) + [False] * ended.count(False)
    assert 7 <= ended.count(True) <= 9


def closed(connection: socket.socket) -> bool:
    connection.settimeout(0.05)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


@pytest.mark.parametrize(
    "sent",
    [
        f"{_MARK}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nX: {_MARK}\x00\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nHost: {_MARK}\r\n\r\n",
        f"GET /{_MARK} x HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET /\x00{_MARK} HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nCookie: {_MARK}{'x' * 70_000}\r\n\r\n",
        f"GET /{_MARK}{'x' * 70_000} HTTP/1.1\r\nHost: x\r\n\r\n",
        f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {_MARK}\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        f"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {_MARK}\r\n\r\n",
    ],
    ids=lambda sent: ascii(sent[:40]),
)
def test_what_is_no_http_is_refused_without_repeating_it(
    url: str, stack: ExitStack, caplog: pytest.LogCaptureFixture, sent: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = dripped(connected(url, stack, sent.replace("Host: x", "Host: x\r\nConnection: close", 1)), "")
    assert answer.startswith(tuple(f"HTTP/1.1 {status} ".encode() for status in (400, 414, 431, 501))), answer[:200]
    refused(answer, int(answer[9:12]))
    # uvicorn's own, which is off, has a handler here because pytest gives it one.
    logged = [record.getMessage() for record in caplog.records if record.name != "uvicorn.access"]
    assert _MARK not in str(logged)
    assert [record for record in caplog.records if record.exc_info] == []


def test_a_chunk_that_is_none_ends_the_request(url: str, stack: ExitStack, caplog: pytest.LogCaptureFixture) -> None:
    head = _POST.replace("Content-Length: 20", "Transfer-Encoding: chunked")
    with caplog.at_level(logging.DEBUG):
        answer = dripped(connected(url, stack, f"{head}5\r\n{{\r\n{_MARK}\r\n"), "")
    refused(answer, 400)
    assert [record for record in caplog.records if record.exc_info] == []
    assert httpx.get(f"{url}/health", timeout=CLIENT_SECONDS).status_code == 200


def test_a_chunk_that_is_none_behind_head_is_refused_without_a_body(
    url: str, stack: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    head = _POST.replace("POST /documents", "HEAD /slow").replace("Content-Length: 20", "Transfer-Encoding: chunked")
    with caplog.at_level(logging.DEBUG):
        answer = dripped(connected(url, stack, f"{head}{_MARK}\r\n"), "")
    assert (answer[:26], answer[-4:]) == (b"HTTP/1.1 400 Bad Request\r\n", b"\r\n\r\n")
    assert [record for record in caplog.records if record.exc_info] == []


def test_a_chunk_that_is_none_behind_an_answer_ends_the_connection(
    url: str, stack: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    """As after 413: the answer is there before the body has ended."""
    head = _POST.replace("Content-Length: 20", "Transfer-Encoding: chunked").replace("POST /documents", "PUT /uploads")
    connection = connected(url, stack, f"{head}800\r\n{'x' * 0x800}\r\n")
    with caplog.at_level(logging.DEBUG):
        answer = connection.recv(65536)
        connection.sendall(b"no chunk\r\n")
        answer += dripped(connection, "")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert [record for record in caplog.records if record.exc_info] == []


def test_an_upgrade_to_another_protocol_is_not_made(url: str, stack: ExitStack) -> None:
    head = (
        "GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    )
    connection = connected(url, stack, f"{head}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")


def test_a_request_has_so_many_headers_and_no_more(url: str) -> None:
    headers = {f"x-{number}": "1" for number in range(90)}
    assert httpx.get(f"{url}/health", headers=headers, timeout=CLIENT_SECONDS).status_code == 200
    headers = {f"x-{number}": _MARK for number in range(110)}
    problem(httpx.get(f"{url}/health", headers=headers, timeout=CLIENT_SECONDS), 431)


@pytest.mark.parametrize(
    "headers",
    [
        [("Content-Type", "application/json"), ("Content-Type", _MARK)],
        [("Content-Type", "application/json"), ("Idempotency-Key", "a"), ("Idempotency-Key", _MARK)],
    ],
)
def test_what_contradicts_itself_is_refused(url: str, headers: list[tuple[str, str]]) -> None:
    answer = httpx.post(f"{url}/documents", content="{}", headers=headers, timeout=CLIENT_SECONDS)
    problem(answer, 400)
    assert _MARK not in answer.text


def test_a_length_beside_chunks_is_refused(url: str, stack: ExitStack) -> None:
    """A front end may go by the one, and we by the other: what is left over would be a request of its own."""
    head = _POST.replace("Content-Length: 20", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close")
    connection = connected(url, stack, f"{head}0\r\n\r\nGET /{_MARK} HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = dripped(connection, "")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "path",
    [
        *("/%00", "/documents%0a", "/a%1b[31m", "/%ff", "/%ed%a0%80", "/%e2%80%ae", "/..%00/slow", "/a%0d%0ab"),
        *("/../slow", "/%2e%2e/slow", "//slow", "/slow/", "/slow%2f", "/./slow", "/slow;a=b", "/SLOW", "\\slow"),
    ],
)
def test_an_odd_path_leads_nowhere(url: str, stack: ExitStack, path: str) -> None:
    """As it was written: clients, and those in between, would make something else of some of them."""
    connection = connected(url, stack, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert dripped(connection, "").startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 ", b"HTTP/1.1 422 "))
