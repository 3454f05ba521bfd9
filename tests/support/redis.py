"""A real Redis for tests, with TLS and a token: one server per test process.

Import `certificate` (of tests.support.receiver), `redis_server` and `redis` into a conftest.py to use them.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import redis as client
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.support.postgres import HOST, free_port
from tests.support.servers import ServerProcess, program


class RedisServer:
    """A server on a loopback port that speaks TLS only and asks for a token."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self.port = free_port()
        self.token = uuid4().hex
        self._certificate = certificate
        self._folder = Path(tempfile.mkdtemp(prefix="redis-"))
        options = {
            "bind": HOST,
            "port": 0,
            "tls-port": self.port,
            "tls-cert-file": certificate,
            "tls-key-file": key,
            "tls-auth-clients": "no",
            "requirepass": self.token,
            "save": "",
            "dir": self._folder,
        }
        arguments = [each for name, value in options.items() for each in (f"--{name}", str(value))]
        self._process = ServerProcess(
            [program("redis-server", "redis-server"), *arguments],
            folder=self._folder,
            environment={},
            answers=self._answers,
        )
        self.start()

    def start(self) -> None:
        """Starts the server, empty; returns when it answers. It asks for the token of the beginning."""
        self._process.start()

    def stop(self) -> None:
        """Stops the server, cutting off its clients."""
        self._process.stop()

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped since."""
        return self._process.running

    def delete(self) -> None:
        """Stops the server and removes its folder."""
        self.stop()
        shutil.rmtree(self._folder)

    def connect(self) -> client.Redis:
        """A client with the rights of the administrator."""
        return client.Redis(
            host=HOST,
            port=self.port,
            password=self.token,
            ssl=True,
            ssl_ca_certs=str(self._certificate),
            decode_responses=True,
            retry=Retry(NoBackoff(), 0),
        )

    def _answers(self) -> bool:
        try:
            with self.connect() as connection:
                return bool(connection.ping())
        except client.RedisError:
            return False


@pytest.fixture(scope="session")
def redis_server(certificate: tuple[Path, Path]) -> Iterator[RedisServer]:
    """The server, for as long as the test session lasts."""
    server = RedisServer(*certificate)
    try:
        yield server
    finally:
        server.delete()


@pytest.fixture
def redis(
    redis_server: RedisServer, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[RedisServer]:
    """The server, with nothing in it, and trusted by clients. It runs again after a test that stops it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with redis_server.connect() as connection:
        connection.flushall()
    yield redis_server
    if not redis_server.running:
        redis_server.start()
