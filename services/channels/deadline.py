"""HTTP within a total time, and to nowhere but where it may lead.

httpx by itself bounds each single read, of which there may be any number, and connects to whatever a name resolves to.
"""

import math
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ssl import SSLContext
from typing import Any

import httpcore
import httpx

from services.channels.targets import Targets

# On the clock of time.monotonic, for what the current thread does.
_ends_at: ContextVar[float] = ContextVar("ends_at", default=math.inf)
# A TLS record at most, which is sent as a whole or not at all.
_WRITE_BYTES = 16 * 1024


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Bounds everything that is sent and received by a BoundedTransport in this thread, however little at a time.

    Beyond it, whatever is under way raises httpx.TimeoutException. Only looking a name up takes as long as the
    system's resolver lets it.
    """
    token = _ends_at.set(min(_ends_at.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _ends_at.reset(token)


class BoundedTransport(httpx.HTTPTransport):
    """Connects directly, over HTTP/1.1, to `targets` alone, and honours `within`.

    A connection that may not be made raises RefusedTargetError.
    """

    def __init__(self, verify: SSLContext, limits: httpx.Limits, targets: Targets) -> None:
        super().__init__(verify=verify)
        # httpx has no way to hand a network backend over.
        self._pool = httpcore.ConnectionPool(
            ssl_context=verify,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Backend(targets),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Waits for a free connection no longer than for everything else."""
        timeouts = request.extensions["timeout"]
        request.extensions["timeout"] = timeouts | {"pool": _left(timeouts["pool"], httpx.PoolTimeout)}
        return super().handle_request(request)


def _left(timeout: float | None, late: type[Exception]) -> float:
    """How long one step may take, in seconds. Raises `late` once there is no time left."""
    seconds = min(_ends_at.get() - time.monotonic(), math.inf if timeout is None else timeout)
    if seconds <= 0:
        raise late("out of time")
    return seconds


class _Backend(httpcore.SyncBackend):
    def __init__(self, targets: Targets) -> None:
        self._targets = targets

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("the name has no address")
        addresses = _addresses(host, port)
        # Here, and of what is connected to: a name that is looked up once more may resolve to something else.
        self._targets.require(host, port, addresses)
        # One by one: each of them would be given the whole time otherwise, and a name may have any number.
        for address in addresses:
            seconds = _left(timeout, httpcore.ConnectTimeout)
            try:
                return _Stream(super().connect_tcp(address, port, seconds, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from error
    return [str(address[0]) for *_, address in found]


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _WRITE_BYTES):
            self._stream.write(buffer[start : start + _WRITE_BYTES], _left(timeout, httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            seconds = _left(timeout, httpcore.ConnectTimeout)
        except httpcore.ConnectTimeout:
            # Nobody else would: it belongs to no connection of the pool yet.
            self.close()
            raise
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, seconds))

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
