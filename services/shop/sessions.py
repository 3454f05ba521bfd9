"""Sessions, shared by all services through Redis."""

import hashlib
import secrets
from uuid import UUID

from redis import Redis

# A working day: people sign in again the next one.
LIFETIME_SECONDS = 12 * 60 * 60
_TOKEN_BYTES = 32


class Sessions:
    """Knows users by their tokens. Every method raises redis.RedisError while Redis is away.

    Redis holds digests of the tokens: who reads it cannot act for anybody.
    """

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    def begin(self, user_id: UUID) -> str:
        """Returns a new token, which is valid for LIFETIME_SECONDS."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._redis.set(_key(token), str(user_id), ex=LIFETIME_SECONDS)
        return token

    def user_of(self, token: str) -> UUID | None:
        """Whose token it is; None if it has expired, was ended or never was one."""
        user_id = self._redis.get(_key(token))
        return UUID(str(user_id)) if user_id else None

    def end(self, token: str) -> None:
        """Makes the token worthless; one that is so already stays so."""
        self._redis.delete(_key(token))


def _key(token: str) -> str:
    # The token has as much chance in it as the digest has room: no salt is needed, and no slow function.
    return f"session:{hashlib.sha256(token.encode()).hexdigest()}"
