"""HTTP/1.1 with clients that take their time, come in numbers, or send no HTTP: uvicorn bounds only idle connections.

A request that does not come to its end takes no thread, which are given out once its body is there; but it does take a
connection, and memory. So there is a time for its head, its body and for taking in the answer, and beyond a number of
connections those go that have kept the server waiting longest: a load balancer's health check always finds room.
"""

import asyncio
from enum import Enum
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from services.serving import problems

# A head is some hundred bytes; the load balancer sends it as a whole.
HEAD_SECONDS = 10.0
# As long as the load balancer lets a connection be silent: 1 MiB at 18 kB a second.
BODY_SECONDS = 60.0
ANSWER_SECONDS = 60.0
# Far above what a task serves at once, and below the 1024 files that a process may have open.
MAX_CONNECTIONS = 500
# States in which nothing of an answer has been sent yet.
_UNANSWERED = {h11.IDLE, h11.SEND_RESPONSE}


class _Awaited(Enum):
    """What the client is to send."""

    HEAD = "head"
    BODY = "body"

    @property
    def seconds(self) -> float:
        return HEAD_SECONDS if self is _Awaited.HEAD else BODY_SECONDS


class BoundedProtocol(H11Protocol):
    """One connection: answered with 408 and closed where its request does not come to its end in time."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._awaited: _Awaited | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._answer_timer: asyncio.TimerHandle | None = None
        # When it last began to wait for what the client sends, and for it to take an answer in, on the loop's clock.
        self._waiting_since = self._answering_since = self.loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base class
        """Waits for the head of the first request from now on."""
        super().connection_made(transport)
        # Writing is paused whenever something has not been taken in, however little: also after the server has closed
        # the connection, which stays open until all of it has.
        transport.set_write_buffer_limits(high=0)
        self._await(_Awaited.HEAD)
        self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits for nothing any more."""
        self._await(None)
        self._let_take_in()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Looks at what is to come next."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Looks at the request that may have begun behind the one that is answered."""
        self._waiting_since = self.loop.time()
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        """The client has not taken in what was made of the answer: it is not waited for for ever."""
        super().pause_writing()
        self._answering_since = self.loop.time()
        self._answer_timer = self.loop.call_later(ANSWER_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has taken in all that was made of the answer."""
        super().resume_writing()
        self._let_take_in()

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP, or has a head beyond 16 KiB; repeats nothing of it."""
        self._refuse(HTTPStatus.BAD_REQUEST, msg)

    @property
    def _keeps_waiting(self) -> bool:
        """Whether the client has the next move: a request that is being served is not its fault."""
        return self._awaited is not None or self._answer_timer is not None or self.timeout_keep_alive_task is not None

    @property
    def _keeps_waiting_since(self) -> float:
        # Whatever it sends meanwhile, an answer that it does not take in counts from when it was made.
        return self._answering_since if self._answer_timer is not None else self._waiting_since

    def _look(self) -> None:
        state = self.conn.their_state
        if state is h11.SEND_BODY:
            self._await(_Awaited.BODY)
        elif state is h11.IDLE and self.conn.trailing_data[0]:
            self._await(_Awaited.HEAD)
        else:
            self._await(None)

    def _await(self, awaited: _Awaited | None) -> None:
        """However often a little of it comes, the time is one."""
        if awaited is self._awaited:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._awaited, self._timer = awaited, None
        if awaited is not None:
            self._waiting_since = self.loop.time()
            self._timer = self.loop.call_later(awaited.seconds, self._give_up, awaited)

    def _give_up(self, awaited: _Awaited) -> None:
        self.logger.warning("a request did not come in time")
        self._refuse(
            HTTPStatus.REQUEST_TIMEOUT, f"the {awaited.value} of the request did not come within {awaited.seconds:g} s"
        )

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        self._await(None)
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            # The application learns that nobody waits for its answer.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        try:
            if self.conn.our_state in _UNANSWERED:
                self._send_problem(status, detail)
        finally:
            self.transport.close()

    def _send_problem(self, status: HTTPStatus, detail: str) -> None:
        answer = problems.response(problems.ProblemError(status, detail))
        headers = [*answer.raw_headers, (b"connection", b"close")]
        events: list[h11.Event] = [
            h11.Response(status_code=status, headers=headers, reason=status.phrase.encode()),
            h11.Data(data=bytes(answer.body)),
            h11.EndOfMessage(),
        ]
        if self.conn.our_state is h11.SEND_RESPONSE and self.scope["method"] == "HEAD":
            # Answers to HEAD have no body, whatever their headers say of its length.
            del events[1]
        for event in events:
            self.transport.write(self.conn.send(event) or b"")

    def _make_room(self) -> None:
        """Closes the connection that has kept the server waiting longest, if there are too many."""
        if len(self.connections) <= MAX_CONNECTIONS:
            return
        others = [each for each in self.connections if isinstance(each, BoundedProtocol) and each._keeps_waiting]
        longest = min(others, key=lambda each: each._keeps_waiting_since, default=self)
        self.logger.warning("too many connections: one is closed")
        # At once: what it would take in first may be what it does not take in.
        self.connections.discard(longest)
        longest.transport.abort()

    def _let_take_in(self) -> None:
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None
