"""A real RabbitMQ for tests, with TLS and a password: one node per test process.

Import `certificate` (of tests.support.receiver), `rabbitmq_server` and `rabbitmq` into a conftest.py to use them.
"""

import shutil
import socket
import ssl
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pika
import pytest
from pika.exceptions import AMQPError, ChannelClosedByBroker

from tests.support.eventually import PATIENCE_SECONDS
from tests.support.postgres import HOST, free_port
from tests.support.servers import ServerProcess, program

_PACKAGE = "rabbitmq-server"
# The script itself: the one in the PATH changes the user when root runs it.
_SCRIPTS = "/usr/lib/rabbitmq/bin"
_USER = "application"


class RabbitMq:
    """A node on a loopback port that speaks TLS only, and the port mapper of its own that Erlang needs."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self.port = free_port()
        self.user = _USER
        self.password = uuid4().hex
        self._certificate = certificate
        self._folder = Path(tempfile.mkdtemp(prefix="rabbitmq-"))
        mapper_port = free_port()
        mapper = {"ERL_EPMD_PORT": str(mapper_port), "ERL_EPMD_ADDRESS": HOST}
        self._mapper = ServerProcess(
            [program("epmd", _PACKAGE)],
            folder=self._folder,
            environment=mapper,
            answers=lambda: _is_served(mapper_port),
        )
        (self._folder / "rabbitmq.conf").write_text(self._configuration(certificate, key))
        (self._folder / "enabled_plugins").write_text("[].\n")
        self._node = ServerProcess(
            [program("rabbitmq-server", _PACKAGE, _SCRIPTS)],
            folder=self._folder,
            environment=mapper | self._environment(),
            answers=self._answers,
        )
        self.start()

    def start(self) -> None:
        """Starts the node; returns when it takes connections. Durable queues are as they were."""
        self._mapper.start()
        self._node.start()

    def stop(self) -> None:
        """Stops the node, cutting off its clients."""
        self._node.stop()
        self._mapper.stop()

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped since."""
        return self._node.running

    def delete(self) -> None:
        """Stops the node and removes what it has stored."""
        self.stop()
        shutil.rmtree(self._folder)

    def connect(self) -> pika.BlockingConnection:
        """A connection for a test's own use."""
        context = ssl.create_default_context(cafile=str(self._certificate))
        return pika.BlockingConnection(
            pika.ConnectionParameters(
                HOST,
                self.port,
                credentials=pika.PlainCredentials(self.user, self.password),
                ssl_options=pika.SSLOptions(context, HOST),
            )
        )

    def count(self, queue: str) -> int:
        """How many messages of a queue wait to be delivered; none if there is no such queue."""
        with self.connect() as connection:
            try:
                return int(connection.channel().queue_declare(queue, passive=True).method.message_count)
            except ChannelClosedByBroker:
                return 0

    def take(self, queue: str, *, seconds: float = PATIENCE_SECONDS) -> tuple[pika.BasicProperties, bytes]:
        """Takes the next message of a queue, which is waited for. Raises AssertionError if none comes."""
        deadline = time.monotonic() + seconds
        with self.connect() as connection:
            channel = connection.channel()
            while time.monotonic() < deadline:
                try:
                    _, properties, body = channel.basic_get(queue, auto_ack=True)
                except ChannelClosedByBroker:
                    # There is no such queue yet.
                    channel, body = connection.channel(), None
                if body is not None:
                    assert properties is not None
                    return properties, body
                connection.sleep(0.05)
        raise AssertionError(f"no message came into {queue}")

    def delete_queues(self, *queues: str) -> None:
        """Deletes queues with what is in them."""
        with self.connect() as connection:
            for queue in queues:
                connection.channel().queue_delete(queue)

    def _configuration(self, certificate: Path, key: Path) -> str:
        return f"""
            listeners.tcp = none
            listeners.ssl.1 = {HOST}:{self.port}
            ssl_options.certfile = {certificate}
            ssl_options.keyfile = {key}
            ssl_options.verify = verify_none
            default_user = {self.user}
            default_pass = {self.password}
            log.console = true
            log.console.level = warning
            log.file = false
        """

    def _environment(self) -> dict[str, str]:
        absent = str(self._folder / "absent")
        return {
            # The port mapper is there already.
            "ERL_FLAGS": "-start_epmd false",
            # Where Erlang keeps the cookie.
            "HOME": str(self._folder),
            "RABBITMQ_NODENAME": f"test-{uuid4().hex[:8]}@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none",
            "RABBITMQ_CONFIG_FILE": str(self._folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": absent,
            "RABBITMQ_CONF_ENV_FILE": absent,
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "data"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
        }

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except (AMQPError, OSError):
            return False
        return True


def _is_served(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


@pytest.fixture(scope="session")
def rabbitmq_server(certificate: tuple[Path, Path]) -> Iterator[RabbitMq]:
    """The node, for as long as the test session lasts."""
    server = RabbitMq(*certificate)
    try:
        yield server
    finally:
        server.delete()


@pytest.fixture
def rabbitmq(
    rabbitmq_server: RabbitMq, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[RabbitMq]:
    """The node, trusted by clients. It runs again after a test that stops it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    yield rabbitmq_server
    if not rabbitmq_server.running:
        rabbitmq_server.start()
