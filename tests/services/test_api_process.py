"""The API as the container runs it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.eventually import eventually
from tests.support.postgres import HOST, TestDatabase, free_port

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "services.api"]
EMAIL = {"channel": "email", "recipient": "ada@example.com", "subject": "Hello", "body": "hunter2"}


class ApiProcess:
    """`python -m services.api` on a port of its own."""

    def __init__(self, environment: dict[str, str]) -> None:
        port = free_port()
        self.url = f"http://{HOST}:{port}"
        self.process = subprocess.Popen(  # noqa: S603  # the project's own program
            COMMAND,
            cwd=ROOT,
            env={**environment, "HOST": HOST, "PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def await_ready(self) -> None:
        """Until it has a connection to its database: a request waits a second for the first one, and no longer."""
        eventually(self._is_ready)

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/ready", timeout=60).is_success
        except httpx.TransportError:
            assert self.process.poll() is None, self.process.communicate()[0]
            return False

    def stop(self) -> str:
        """Sends SIGTERM and returns the output."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=60)[0]


@pytest.fixture
def process(api_environment: dict[str, str]) -> Iterator[ApiProcess]:
    credentials = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    process = ApiProcess({**credentials, **api_environment})
    try:
        process.await_ready()
        yield process
    finally:
        if process.process.poll() is None:
            process.process.kill()
            process.process.communicate()


def lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_missing_variables_are_named_without_a_traceback() -> None:
    done = subprocess.run(COMMAND, cwd=ROOT, env={}, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 1
    assert "QUEUE_URL is missing: set this environment variable" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_line_of_the_log_is_json_and_holds_no_content(process: ApiProcess) -> None:
    headers = {"Idempotency-Key": "hunter2-key"}
    assert httpx.post(f"{process.url}/notifications", json=EMAIL, headers=headers).status_code == 202
    httpx.post(f"{process.url}/notifications?token=hunter2", content=b'{"hunter2')
    output = process.stop()
    assert "hunter2" not in output
    assert "ada@example.com" not in output
    requests = [line for line in lines(output) if line.get("message") == "request"]
    # Without the probes that the fixture sent.
    assert [(line["path"], line["status"]) for line in requests] == [("/notifications", 202), ("/notifications", 415)]
    assert all(line["service"] == "api" and line["duration_ms"] > 0 for line in requests)


def test_idle_connections_outlive_those_of_the_load_balancer(process: ApiProcess) -> None:
    with closing(HTTPConnection(httpx.URL(process.url).netloc.decode())) as connection:
        # The server's own default would have ended the connection before the second request.
        for pause in (5.5, 0):
            connection.request("GET", "/health")
            assert connection.getresponse().read() == b'{"status":"ok"}'
            time.sleep(pause)


def refuses_connections(process: ApiProcess) -> bool:
    try:
        httpx.get(f"{process.url}/ready")
    except httpx.TransportError:
        return True
    return False


def test_requests_under_way_end_after_sigterm(process: ApiProcess, database: TestDatabase) -> None:
    with database.connect() as blocker, ThreadPoolExecutor(1) as executor:
        with blocker.transaction():
            blocker.execute("LOCK TABLE notifications")
            under_way = executor.submit(httpx.post, f"{process.url}/notifications", json=EMAIL, timeout=20)
            waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'api'"
            eventually(lambda: database.rows(waiting))
            stopping = threading.Thread(target=process.stop)
            stopping.start()
            eventually(lambda: refuses_connections(process))
            assert not under_way.done()
        assert under_way.result().status_code == 202
        stopping.join()
    assert process.process.returncode in (0, -signal.SIGTERM)
