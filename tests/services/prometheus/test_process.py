"""`python -m services.prometheus` as the container runs it, with the real Prometheus."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.services.prometheus.fake_ecs import FakeEcs, fake_ecs
from tests.support.emulator import Emulator
from tests.support.eventually import eventually
from tests.support.postgres import HOST, free_port
from tests.support.serving import CLIENT_SECONDS

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "services.prometheus"]


@pytest.fixture
def ecs() -> Iterator[FakeEcs]:
    with fake_ecs() as ecs:
        yield ecs


@contextmanager
def serving_metrics(text: str, *, status: int = 200) -> Iterator[int]:
    """A task's port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Nothing of it."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def samples(url: str, expression: str) -> list[dict[str, Any]]:
    """What a server answers to a query; nothing while it cannot."""
    try:
        answer = httpx.get(f"{url}/api/v1/query", params={"query": expression}, timeout=CLIENT_SECONDS)
    except httpx.TransportError:
        return []
    found: list[dict[str, Any]] = answer.json()["data"]["result"] if answer.is_success else []
    return found


class Service:
    """The program on a port of its own, with its output."""

    def __init__(self, folder: Path, ecs: FakeEcs, emulator: Emulator, **variables: str) -> None:
        port = free_port()
        self.url = f"http://{HOST}:{port}"
        self.folder = folder
        environment = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(folder),
            "AWS_ENDPOINT_URL": emulator.url,
            "AWS_ENDPOINT_URL_ECS": ecs.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "APP_ENV": "test",
            "POWERTOOLS_SERVICE_NAME": "prometheus",
            "CLUSTER_NAME": "shop",
            "SCRAPE_INTERVAL_SECONDS": "1",
            "DISCOVERY_INTERVAL_SECONDS": "1",
            "HOST": HOST,
            "PORT": str(port),
            **variables,
        }
        self._log = (folder / "log").open("w+")
        self.process = subprocess.Popen(  # noqa: S603  # the project's own program
            COMMAND, cwd=ROOT, env=environment, stdout=self._log, stderr=subprocess.STDOUT
        )

    def child(self) -> psutil.Process:
        children: list[psutil.Process] = psutil.Process(self.process.pid).children()
        (child,) = children
        return child

    def output(self) -> str:
        return (self.folder / "log").read_text()

    def await_health(self) -> None:
        # It is healthy before it has opened its data, and refuses what is asked of its API until then.
        eventually(lambda: self._answers("/-/healthy") and self._answers("/-/ready"))
        assert self.process.poll() is None, self.output()

    def query(self, expression: str) -> list[dict[str, Any]]:
        return samples(self.url, expression)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(60)

    def close(self) -> None:
        if self.process.poll() is None:
            for each in psutil.Process(self.process.pid).children():
                each.kill()
            self.process.kill()
            self.process.wait()
        self._log.close()

    def _answers(self, path: str) -> bool:
        assert self.process.poll() is None, self.output()
        try:
            return httpx.get(self.url + path, timeout=CLIENT_SECONDS).is_success
        except httpx.TransportError:
            return False


@pytest.fixture
def start(
    tmp_path: Path, ecs: FakeEcs, emulator: Emulator, _prometheus_at_hand: None
) -> Iterator[Callable[..., Service]]:
    services: list[Service] = []

    def begin(**variables: str) -> Service:
        folder = tmp_path / str(len(services))
        folder.mkdir()
        services.append(Service(folder, ecs, emulator, **variables))
        return services[-1]

    yield begin
    for service in services:
        service.close()


def test_tasks_are_found_scraped_and_queried_by_service(start: Callable[..., Service], ecs: FakeEcs) -> None:
    with serving_metrics("orders_total 7\n") as first, serving_metrics("orders_total 8\n") as second:
        ecs.tasks = {"1": ("orders", first)}
        service = start()
        service.await_health()
        [sample] = eventually(lambda: service.query("orders_total"))
        assert sample["value"][1] == "7"
        labels = {name: sample["metric"][name] for name in ("job", "service", "task")}
        assert labels == {"job": "ecs", "service": "orders", "task": "1"}
        # One more task, and the server is not restarted for it.
        ecs.tasks["2"] = ("orders", second)
        eventually(lambda: len(service.query("orders_total")) == 2)


def test_tasks_that_are_gone_are_no_longer_asked(start: Callable[..., Service], ecs: FakeEcs) -> None:
    with serving_metrics("orders_total 7\n") as port:
        ecs.tasks = {"1": ("orders", port), "2": ("orders", port)}
        service = start()
        service.await_health()
        eventually(lambda: len(service.query('up{job="ecs"}')) == 2)
        del ecs.tasks["2"]
        eventually(lambda: len(service.query('up{job="ecs"}')) == 1)


def test_while_ecs_does_not_answer_known_tasks_stay(start: Callable[..., Service], ecs: FakeEcs) -> None:
    with serving_metrics("orders_total 7\n") as port:
        ecs.tasks = {"1": ("orders", port)}
        service = start()
        service.await_health()
        eventually(lambda: service.query("orders_total"))
        ecs.failing = True
        eventually(lambda: "discovery failed" in service.output())
        time.sleep(2)
        # Not at once: on a busy machine, a single scrape may take longer than it has time for.
        eventually(lambda: [each["value"][1] for each in service.query('up{job="ecs"}')] == ["1"])


def test_itself_and_the_load_balancer_are_scraped(start: Callable[..., Service]) -> None:
    service = start(LOAD_BALANCER="app/shop/50dc6c495c0c9188")
    service.await_health()
    eventually(lambda: service.query('up{job="prometheus"} == 1'))
    [sample] = eventually(lambda: service.query("aws_alb_requests"))
    assert sample["metric"]["load_balancer"] == "app/shop/50dc6c495c0c9188"
    assert sample["value"][1] == "0"


def test_what_is_kept_for_how_long_is_said(start: Callable[..., Service]) -> None:
    service = start(RETENTION_DAYS="3")
    service.await_health()
    flags = httpx.get(f"{service.url}/api/v1/status/flags", timeout=CLIENT_SECONDS).json()["data"]
    assert flags["storage.tsdb.retention.time"] == "3d"
    assert flags["storage.tsdb.path"].startswith(str(service.folder))


def test_in_managed_mode_everything_is_written_elsewhere(
    start: Callable[..., Service], ecs: FakeEcs, tmp_path: Path
) -> None:
    port = free_port()
    folder = tmp_path / "receiver"
    folder.mkdir()
    configuration = folder / "receiver.yml"
    configuration.write_text("{}")
    command = [
        *("prometheus", f"--config.file={configuration}", f"--web.listen-address={HOST}:{port}"),
        *(f"--storage.tsdb.path={folder / 'received'}", "--web.enable-remote-write-receiver"),
    ]
    with (
        serving_metrics("orders_total 7\n") as task,
        (folder / "receiver.log").open("w") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as receiver,  # noqa: S603  # Debian's own program
    ):
        try:
            ecs.tasks = {"1": ("orders", task)}
            service = start(REMOTE_WRITE_URL=f"http://{HOST}:{port}/api/v1/write")
            service.await_health()
            [sample] = eventually(lambda: samples(f"http://{HOST}:{port}", "orders_total"))
            labels = {name: sample["metric"][name] for name in ("service", "environment", "cluster")}
            assert labels == {"service": "orders", "environment": "test", "cluster": "shop"}
            # Nothing is kept here, so that nothing can be asked.
            answer = httpx.get(f"{service.url}/api/v1/query", params={"query": "up"}, timeout=CLIENT_SECONDS)
            assert answer.status_code != 200
        finally:
            receiver.terminate()


def health(port: str) -> "subprocess.CompletedProcess[str]":
    """What the container's health check says."""
    return subprocess.run(
        [sys.executable, "-m", "services.healthcheck"],
        cwd=ROOT,
        env={"PORT": port},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_health_check_of_its_container_knows_how_to_ask_it(start: Callable[..., Service]) -> None:
    service = start()
    service.await_health()
    port = service.url.rpartition(":")[2]
    assert health(port).returncode == 0
    service.stop()
    assert (health(port).returncode, health(port).stderr.startswith(f"port {port} does not answer")) == (1, True)


@pytest.mark.parametrize("status", [404, 503])
def test_another_answer_is_no_health(status: int) -> None:
    with serving_metrics("", status=status) as port:
        done = health(str(port))
    assert (done.returncode, done.stderr.strip()) == (1, f"port {port} answered {status}")


def test_sigterm_ends_the_server_and_then_the_program(start: Callable[..., Service]) -> None:
    service = start()
    service.await_health()
    child = service.child()
    assert service.stop() == 0
    assert not child.is_running()
    # Its data goes with it.
    assert [path.name for path in service.folder.iterdir()] == ["log"]


def test_the_end_of_the_server_is_the_end_of_the_program(start: Callable[..., Service]) -> None:
    service = start()
    service.await_health()
    service.child().send_signal(signal.SIGKILL)
    assert service.process.wait(60) != 0
    assert "has ended by itself" in service.output()


def test_a_taken_port_is_told_by_the_exit_code(start: Callable[..., Service]) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        service = start(PORT=str(other.getsockname()[1]))
        assert service.process.wait(60) != 0


def test_its_own_lines_of_the_log_are_json(start: Callable[..., Service], ecs: FakeEcs) -> None:
    ecs.tasks = {"1": ("orders", 1)}
    service = start()
    service.await_health()
    eventually(lambda: '"targets"' in service.output())
    service.stop()
    assert all(json.loads(line) for line in service.output().splitlines())


def test_missing_variables_are_named_without_a_traceback() -> None:
    done = subprocess.run(COMMAND, cwd=ROOT, env={}, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 1
    assert "CLUSTER_NAME is missing: set this environment variable" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_program_is_told(start: Callable[..., Service], tmp_path: Path) -> None:
    service = start(PATH=str(tmp_path))
    assert service.process.wait(60) == 1
    assert "prometheus is not in the PATH: install it" in service.output()
