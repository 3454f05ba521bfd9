"""Connecting to Redis or Valkey so that a changed token and a restarted server are survived."""

from typing import Protocol

from redis import ConnectionError as RedisConnectionError
from redis import Redis
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider
from redis.exceptions import AuthenticationError, ReadOnlyError
from redis.retry import Retry

from services.secret_values import SecretUnavailableError, SecretValues
from services.settings import CacheServer

# A cache that takes longer than this is of no use; whoever asks goes on without it, or says that it is away.
_TIMEOUT_SECONDS = 1
# A connection that the server has closed meanwhile is found out by using it, and a token that was changed likewise.
_RETRIES = 1
# What the client gives a connection up for, before it tries once more by a new one. A server that has become a replica
# in a failover keeps its connections open and refuses every write on them, while the endpoint leads to its successor.
_BROKEN = (RedisConnectionError, ReadOnlyError)


class _Connection(Protocol):
    def on_connect(self) -> None: ...


class _Token(CredentialProvider):
    def __init__(self, secrets: SecretValues, secret_arn: str) -> None:
        self._secrets = secrets
        self._secret_arn = secret_arn
        self._refused = False

    def get_credentials(self) -> tuple[str]:
        """The token; read anew if the last one was refused."""
        try:
            token = self._secrets.text(self._secret_arn, fresh=self._refused)
        except SecretUnavailableError as error:
            raise RedisConnectionError(f"the token cannot be read: {error}") from None
        self._refused = False
        return (token,)

    def introduce(self, connection: _Connection) -> None:
        """Authenticates a new connection. Raises AuthenticationError, upon which the client tries once more."""
        try:
            connection.on_connect()
        except AuthenticationError:
            self._refused = True
            raise


def connect(server: CacheServer, secrets: SecretValues) -> Redis:
    """A client whose connections are made at first use, to be shared between threads. It answers with text.

    TLS is verified with the authorities of the system, or of SSL_CERT_FILE where that is set. Every method raises
    redis.RedisError within about two seconds while the server is away, and works again once it is back, or another
    one has taken its place. A command whose connection breaks is repeated once: it may then have been carried out
    twice.
    """
    token = _Token(secrets, server.cache_secret_arn)
    return Redis(
        host=server.cache_host,
        port=server.cache_port,
        ssl=True,
        credential_provider=token,
        redis_connect_func=token.introduce,  # type: ignore[arg-type]  # it is called with the connection
        decode_responses=True,
        socket_connect_timeout=_TIMEOUT_SECONDS,
        socket_timeout=_TIMEOUT_SECONDS,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), _RETRIES, supported_errors=_BROKEN),
    )
