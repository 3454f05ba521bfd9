"""Answers kept in Redis for a short while. Whatever becomes of Redis, they can be had from the database."""

import logging

from prometheus_client import Counter
from redis import Redis, RedisError

from services.circuit import Circuit

logger = logging.getLogger(__name__)

_READS = Counter("cache_reads", "Look-ups in the read cache, by outcome: hit, miss, away.", ["cache", "outcome"])
_PAUSE_SECONDS = 5
# Stands for an answer that has changed. Nothing is kept in its place until whoever may still hold the former answer
# has had time to come too late with it.
_CHANGED = ""


class ReadCache:
    """Keeps texts under keys. No method raises anything because of Redis; safe between threads.

    name: the beginning of its keys. ttl_seconds: how old an answer may be at most, should an invalidation get lost.
    """

    def __init__(self, redis: "Redis", name: str, *, ttl_seconds: float) -> None:
        self._redis = redis
        self._name = name
        self._ttl_milliseconds = round(ttl_seconds * 1000)
        self._circuit = Circuit(pause_seconds=_PAUSE_SECONDS)

    def get(self, key: str) -> str | None:
        """The text kept under the key; None if there is none, or no Redis."""
        found: str | None = None
        outcome = "away"
        if not self._circuit.open:
            try:
                kept = self._redis.get(self._key(key))
            except RedisError as error:
                self._failed(error)
            else:
                found = str(kept) if kept else None
                outcome = "hit" if found else "miss"
        _READS.labels(self._name, outcome).inc()
        return found

    def put(self, key: str, text: str) -> None:
        """Keeps a text that was just read from the database, unless it has been invalidated meanwhile."""
        self._set(key, text, only_new=True)

    def invalidate(self, key: str) -> None:
        """To be called once a change is committed."""
        self._set(key, _CHANGED, only_new=False)

    def _set(self, key: str, text: str, *, only_new: bool) -> None:
        if self._circuit.open:
            return
        try:
            self._redis.set(self._key(key), text, px=self._ttl_milliseconds, nx=only_new)
        except RedisError as error:
            self._failed(error)

    def _failed(self, error: RedisError) -> None:
        self._circuit.fail()
        logger.warning("goes on without Redis", extra={"cache": self._name, "reason": type(error).__name__})

    def _key(self, key: str) -> str:
        return f"{self._name}:{key}"
