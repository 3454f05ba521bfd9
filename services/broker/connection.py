"""Connecting to RabbitMQ so that a rotated password is survived, and waiting for its answers no longer than asked."""

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from pika import BlockingConnection, ConnectionParameters, PlainCredentials, SSLOptions
from pika.exceptions import AMQPConnectionError, AMQPError, ProbableAuthenticationError

from services.failures import UnavailableError
from services.secret_values import SecretUnavailableError, SecretValues
from services.settings import BrokerServer

logger = logging.getLogger(__name__)

_CONNECT_SECONDS = 5
# The farewell is a courtesy.
_CLOSE_SECONDS = 1
# A peer that went away without a word is noticed within two of them.
_HEARTBEAT_SECONDS = 30
# RabbitMQ stops reading from publishers while it is short of memory or disk.
_BLOCKED_SECONDS = 10
# A message that is on its way to a dead peer for so long breaks the connection.
_TCP_OPTIONS = {"TCP_USER_TIMEOUT": 5000, "TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3}

# What an operation on an open connection raises when the connection, the channel or the message fails.
FAULTS = (AMQPError, OSError)


class BrokerUnavailableError(UnavailableError):
    """The broker cannot be reached or used."""


class Broker:
    """Opens connections, over TLS that is verified with the system's authorities (or those of SSL_CERT_FILE).

    client_name: how the connections are called in the broker's list.
    """

    def __init__(self, server: BrokerServer, secrets: SecretValues, *, client_name: str) -> None:
        self._server = server
        self._secrets = secrets
        self._client_name = client_name

    def connect(self) -> BlockingConnection:
        """One attempt; two when the password was refused and the secret holds another one by now.

        The connection is not to be shared between threads. Raises BrokerUnavailableError.
        """
        try:
            credentials = self._credentials(fresh=False)
            try:
                return self._open(credentials)
            except ProbableAuthenticationError:
                current = self._credentials(fresh=True)
                if current == credentials:
                    raise
                return self._open(current)
        except ProbableAuthenticationError:
            raise BrokerUnavailableError("the broker refused user name or password") from None
        except SecretUnavailableError as error:
            raise BrokerUnavailableError(str(error)) from None
        except FAULTS as error:
            raise BrokerUnavailableError(f"the broker cannot be reached: {describe(error)}") from None

    def _credentials(self, *, fresh: bool) -> tuple[str, ...]:
        return self._secrets.fields(self._server.broker_secret_arn, "username", "password", fresh=fresh)

    def _open(self, credentials: tuple[str, ...]) -> BlockingConnection:
        username, password = credentials
        url = self._server.broker_url
        return BlockingConnection(
            ConnectionParameters(
                host=url.host or "",
                port=url.port or 0,
                credentials=PlainCredentials(username, password, erase_on_connect=True),
                ssl_options=SSLOptions(ssl.create_default_context(), url.host),
                heartbeat=_HEARTBEAT_SECONDS,
                blocked_connection_timeout=_BLOCKED_SECONDS,
                socket_timeout=_CONNECT_SECONDS,
                stack_timeout=2 * _CONNECT_SECONDS,
                client_properties={"connection_name": self._client_name},
                tcp_options=_TCP_OPTIONS,
            )
        )


@contextmanager
def limited(connection: BlockingConnection, seconds: float) -> Iterator[None]:
    """Breaks the connection if what is done with it meanwhile takes longer; that then raises AMQPConnectionError.

    pika itself waits for an answer for as long as the connection lives, and a quorum queue without a majority never
    confirms.
    """
    # Of the connection below the blocking one: only its timers run while an answer is waited for.
    implementation = connection._impl  # type: ignore[attr-defined]

    def end() -> None:
        implementation._terminate_stream(AMQPConnectionError(f"no answer within {seconds:g} s"))

    timer = implementation._adapter_call_later(seconds, end)
    try:
        yield
    finally:
        implementation._adapter_remove_timeout(timer)


def close(connection: BlockingConnection) -> None:
    """Closes a connection, whatever has become of it."""
    try:
        if connection.is_open:
            with limited(connection, _CLOSE_SECONDS):
                connection.close()
    except FAULTS as error:
        logger.info("the connection ended with an error", extra={"reason": describe(error)})


def describe(error: BaseException) -> str:
    """Why an operation failed, for the log; pika's own errors often hold no text, or that of another one."""
    parts = [str(part) for part in error.args if str(part)]
    return f"{type(error).__name__}: {', '.join(parts)}" if parts else type(error).__name__
