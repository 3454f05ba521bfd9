"""A cache that asks for a token over TLS, and is not always there."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from redis import ConnectionError as RedisConnectionError
from redis import Redis, RedisError
from redis.exceptions import AuthenticationError, ReadOnlyError

from services import cache
from services.secret_values import SecretValues
from services.settings import CacheServer
from tests.support.emulator import Aws
from tests.support.postgres import HOST, free_port
from tests.support.redis import RedisServer
from tests.support.slow_line import SlowLine


class Endpoint(SlowLine):
    """An address that leads to one server, and later to another; connections stay where they were made."""

    def lead_to(self, server: RedisServer) -> None:
        self._server_port = server.port


def client(server: RedisServer, secret_arn: str, port: int | None = None) -> Redis:
    settings = {"CACHE_HOST": HOST, "CACHE_PORT": port or server.port, "CACHE_SECRET_ARN": secret_arn}
    return cache.connect(CacheServer.model_validate(settings), SecretValues())


@pytest.fixture
def connected(redis: RedisServer, aws: Aws) -> Redis:
    return client(redis, aws.secret(redis.token))


@pytest.fixture
def successor(redis: RedisServer, certificate: tuple[Path, Path]) -> Iterator[RedisServer]:
    """Another server that takes the token of the first one."""
    server = RedisServer(*certificate)
    try:
        with server.connect() as administrator:
            administrator.config_set("requirepass", redis.token)
        server.token = redis.token
        yield server
    finally:
        server.delete()


@pytest.fixture
def demoted(redis: RedisServer) -> Iterator[RedisServer]:
    """The server, to be made a replica, which takes no writes; it is none afterwards."""
    yield redis
    with redis.connect() as administrator:
        administrator.replicaof("NO", "ONE")


def demote(server: RedisServer) -> None:
    with server.connect() as administrator:
        # Of a primary that is not there: what it holds stays.
        administrator.replicaof(HOST, free_port())


def test_it_answers_with_text(connected: Redis) -> None:
    assert connected.set("name", "Zoë")
    assert connected.get("name") == "Zoë"


def test_a_rotated_token_is_read_anew(redis: RedisServer, aws: Aws) -> None:
    secret_arn = aws.secret("of yesterday")
    connected = client(redis, secret_arn)
    with pytest.raises(AuthenticationError):
        connected.ping()
    aws.secrets.put_secret_value(SecretId=secret_arn, SecretString=redis.token)
    assert connected.ping()


def test_a_token_that_is_rotated_under_way_is_not_noticed(redis: RedisServer, aws: Aws) -> None:
    secret_arn = aws.secret(redis.token)
    connected = client(redis, secret_arn)
    assert connected.ping()
    with redis.connect() as administrator:
        administrator.config_set("requirepass", "of tomorrow")
        aws.secrets.put_secret_value(SecretId=secret_arn, SecretString="of tomorrow")
        administrator.client_kill_filter(skipme=True, _type="normal")
        try:
            assert connected.ping()
        finally:
            administrator.config_set("requirepass", redis.token)


def test_a_restarted_server_is_not_noticed(connected: Redis, redis: RedisServer) -> None:
    assert connected.set("name", "Ada")
    redis.stop()
    redis.start()
    assert connected.get("name") is None


_SCRIPT = "if redis.call('get', KEYS[1]) then return 0 end return redis.call('incr', KEYS[1])"


@pytest.mark.parametrize("scripted", [False, True], ids=["command", "script"])
def test_a_failover_is_not_noticed(demoted: RedisServer, successor: RedisServer, aws: Aws, *, scripted: bool) -> None:
    with Endpoint(demoted.port) as endpoint, closing(client(demoted, aws.secret(demoted.token), endpoint.port)) as ours:
        assert ours.set("name", "Ada")
        demote(demoted)
        endpoint.lead_to(successor)
        assert ours.eval(_SCRIPT, 1, "count") if scripted else ours.set("name", "Bob")
        with successor.connect() as there:
            assert there.get("count" if scripted else "name") == ("1" if scripted else "Bob")


def test_no_connection_to_a_server_that_takes_no_writes_is_kept(connected: Redis, demoted: RedisServer) -> None:
    before = connected.client_id()
    demote(demoted)
    with pytest.raises(ReadOnlyError):
        connected.set("name", "Ada")
    with demoted.connect() as administrator:
        administrator.replicaof("NO", "ONE")
    assert connected.set("name", "Ada")
    assert connected.client_id() != before


def test_a_server_that_is_away_is_told(connected: Redis, redis: RedisServer) -> None:
    assert connected.ping()
    redis.stop()
    with pytest.raises(RedisConnectionError):
        connected.ping()
    redis.start()
    assert connected.ping()


def test_a_server_that_does_not_answer_is_given_up(
    redis: RedisServer, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.cache._TIMEOUT_SECONDS", 1)
    with SlowLine(redis.port) as line, closing(client(redis, aws.secret(redis.token), line.port)) as ours:
        assert ours.ping()
        # For as long as it is waited for.
        line.carries.clear()
        with pytest.raises(RedisError):
            ours.ping()
        line.carries.set()
        assert ours.ping()


def test_a_certificate_that_is_not_trusted_is_refused(
    connected: Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", f"{tmp_path}/absent")
    with pytest.raises(RedisConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
        connected.ping()


def test_a_secret_that_cannot_be_read_is_an_error_of_the_cache(redis: RedisServer, aws: Aws) -> None:
    arn = aws.secret("x")
    aws.secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    connected = client(redis, arn)
    for _ in range(2):
        with pytest.raises(RedisConnectionError, match="the token cannot be read"):
            connected.ping()
