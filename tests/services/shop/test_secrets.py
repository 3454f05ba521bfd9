"""Passwords and sessions give nothing away."""

import time
from uuid import uuid4

import pytest

from services.shop import passwords
from services.shop.sessions import LIFETIME_SECONDS, Sessions
from tests.support.redis import RedisServer


def test_a_digest_knows_its_password_and_no_other() -> None:
    digest = passwords.digest("correct horse")
    assert passwords.matches("correct horse", digest)
    assert not passwords.matches("correct horsf", digest)
    assert not passwords.matches("correct horse", passwords.nobodys())
    assert "horse" not in digest


def test_equal_passwords_have_different_digests() -> None:
    assert passwords.digest("correct horse") != passwords.digest("correct horse")


def test_a_digest_of_former_parameters_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_N", 2**10)
    former = passwords.digest("correct horse")
    monkeypatch.undo()
    assert former.startswith("scrypt$1024$8$3$")
    assert passwords.matches("correct horse", former)


def test_a_token_stands_for_its_user_until_it_is_ended(redis: RedisServer) -> None:
    it = Sessions(redis.connect())
    ada, bob = uuid4(), uuid4()
    token, other = it.begin(ada), it.begin(bob)
    assert (it.user_of(token), it.user_of(other)) == (ada, bob)
    it.end(token)
    assert (it.user_of(token), it.user_of(other)) == (None, bob)


def test_a_session_expires(redis: RedisServer) -> None:
    with redis.connect() as administrator:
        token = Sessions(administrator).begin(uuid4())
        (key,) = administrator.keys("session:*")
        assert LIFETIME_SECONDS - 60 < administrator.ttl(key) <= LIFETIME_SECONDS
        administrator.pexpire(key, 1)
        time.sleep(0.01)
        assert Sessions(administrator).user_of(token) is None


def test_redis_holds_no_token(redis: RedisServer) -> None:
    with redis.connect() as administrator:
        token = Sessions(administrator).begin(uuid4())
        assert all(token not in key for key in administrator.keys("*"))
