"""What the read cache keeps, lets go of, and does without."""

from typing import Any

import pytest
from redis import RedisError

from services.read_cache import ReadCache
from tests.support.eventually import eventually
from tests.support.redis import RedisServer, redis, redis_server

__all__ = ["redis", "redis_server"]


def test_what_was_put_is_had_until_it_is_too_old(redis: RedisServer) -> None:
    cache = ReadCache(redis.connect(), "test", ttl_seconds=30)
    assert cache.get("key") is None
    cache.put("key", "text")
    assert cache.get("key") == "text"
    assert cache.get("other") is None
    short_lived = ReadCache(redis.connect(), "short-lived", ttl_seconds=0.2)
    short_lived.put("key", "text")
    eventually(lambda: short_lived.get("key") is None)


def test_whoever_read_before_a_change_comes_too_late_with_it(redis: RedisServer) -> None:
    cache = ReadCache(redis.connect(), "test", ttl_seconds=30)
    cache.put("key", "former")
    cache.invalidate("key")
    cache.put("key", "former, read before the change")
    assert cache.get("key") is None


def test_names_keep_caches_apart(redis: RedisServer) -> None:
    one, other = (ReadCache(redis.connect(), name, ttl_seconds=30) for name in ("one", "other"))
    one.put("key", "text")
    assert other.get("key") is None


def test_an_absent_redis_is_asked_once_and_then_left_alone(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    client = redis.connect()
    asked: list[Any] = []

    def fail(*arguments: Any, **_: Any) -> Any:
        asked.append(arguments)
        raise RedisError

    monkeypatch.setattr(client, "execute_command", fail)
    cache = ReadCache(client, "test", ttl_seconds=30)
    for _ in range(3):
        assert cache.get("key") is None
        cache.put("key", "text")
        cache.invalidate("key")
    assert len(asked) == 1
