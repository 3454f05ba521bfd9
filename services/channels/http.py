"""The HTTP client of webhook and Telegram."""

import os
import socket
import ssl
from contextlib import AbstractContextManager

import httpx

from services.channels import deadline
from services.channels.targets import Targets

# All that one delivery does, whatever the other side does. Together with the database's share this stays well below
# the function's shortest timeout of 60 s, and below the lease of a delivery, which is as long.
DELIVERY_SECONDS = 10.0
_CONNECT_SECONDS = 5.0
# More than are in use, and as many may be idle: httpcore closes one too many also when another thread has just been
# given it, whose request arrives, and whose answer is lost.
_CONNECTIONS = 100
_IDLE_SECONDS = 5.0
# More than any explanation of a refusal needs.
MOST_ANSWER_BYTES = 64 * 1024


def http_client(targets: Targets) -> httpx.Client:
    """A client that verifies certificates (SSL_CERT_FILE names another store), follows no redirect, asks no proxy.

    It connects to `targets` alone, and raises RefusedTargetError instead of connecting elsewhere.
    """
    transport = deadline.BoundedTransport(
        httpx.create_ssl_context(),
        httpx.Limits(
            max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS, keepalive_expiry=_IDLE_SECONDS
        ),
        targets,
    )
    return httpx.Client(
        transport=transport,
        timeout=httpx.Timeout(DELIVERY_SECONDS, connect=_CONNECT_SECONDS),
        follow_redirects=False,
        # What is small when it comes stays small: answers are read as they are.
        headers={"User-Agent": "notifications/1", "Accept-Encoding": "identity"},
    )


def delivery_time() -> AbstractContextManager[None]:
    """The time of one delivery: what the client does beyond it raises httpx.TimeoutException."""
    return deadline.within(DELIVERY_SECONDS)


def bounded_content(response: httpx.Response) -> bytes:
    """The beginning of a streamed answer's body, up to MOST_ANSWER_BYTES. Raises httpx.HTTPError."""
    content = bytearray()
    for part in response.iter_raw():
        content += part
        if len(content) >= MOST_ANSWER_BYTES:
            break
    return bytes(content[:MOST_ANSWER_BYTES])


def describe(error: httpx.HTTPError) -> str:
    """Why there was no answer, in words of this system alone.

    The libraries' texts hold the URL, and what the other side has sent: which may be all that was sent to it.
    """
    if isinstance(error, httpx.TimeoutException):
        return "timed out"
    cause: BaseException | None = error
    while cause is not None:
        if (reason := _of_the_system(cause)) is not None:
            return reason
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.RemoteProtocolError):
        return "its answer is no HTTP, or ends before it is whole"
    return f"the connection failed ({type(error).__name__})"


def _of_the_system(cause: BaseException) -> str | None:
    """What a fault of TLS, of the resolver or of the network is called; None for anything else."""
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed: {cause.reason or type(cause).__name__}"
    if isinstance(cause, socket.gaierror | UnicodeError):
        return "its name cannot be resolved"
    if isinstance(cause, OSError) and cause.errno is not None:
        return os.strerror(cause.errno)
    return None
