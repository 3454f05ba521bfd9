"""Services as their containers run them."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.emulator import REGION
from tests.support.eventually import eventually
from tests.support.postgres import HOST, free_port
from tests.support.serving import CLIENT_SECONDS, serving

ROOT = Path(__file__).parents[3]
AWAY = f"{HOST}:{free_port()}"
SERVICE = {
    "APP_ENV": "test",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_ENDPOINT_URL": f"http://{AWAY}",
    "AWS_REGION": REGION,
    "AWS_SECRET_ACCESS_KEY": "test",
    "DATABASE_POOL_SIZE": "2",
    "DATABASE_URL": f"postgresql://nobody@{AWAY}/nothing",
    "HOST": HOST,
}
PROGRAMS = {
    "web": SERVICE | {"POWERTOOLS_SERVICE_NAME": "web"},
    "tickets": SERVICE
    | {
        "BROKER_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:broker",
        "BROKER_URL": f"amqps://{AWAY}",
        "POWERTOOLS_SERVICE_NAME": "tickets",
        "TELEGRAM_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:telegram",
    },
}


def healthcheck(port: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "services.healthcheck"],
        cwd=ROOT,
        env={"PORT": str(port)},
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def running(program: str) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    port = free_port()
    process = subprocess.Popen(  # noqa: S603  # the project's own program
        [sys.executable, "-m", f"services.{program}"],
        cwd=ROOT,
        env={**PROGRAMS[program], "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield port, process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://{HOST}:{port}/health", timeout=CLIENT_SECONDS).is_success
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_starts_with_everything_away_and_ends_on_sigterm(program: str) -> None:
    with running(program) as (port, process):
        eventually(lambda: answers(port))
        check = healthcheck(port)
        assert (check.returncode, check.stderr) == (0, "")
        assert httpx.get(f"http://{HOST}:{port}/ready", timeout=CLIENT_SECONDS).status_code == 503
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=60)[0]
    assert process.returncode in (0, -signal.SIGTERM)
    lines: list[dict[str, Any]] = [json.loads(line) for line in output.splitlines()]
    assert {line["service"] for line in lines} == {program}
    assert "Traceback" not in output


@pytest.mark.parametrize("program", PROGRAMS)
def test_missing_variables_are_named_without_a_traceback(program: str) -> None:
    done = subprocess.run(  # noqa: S603  # the project's own program
        [sys.executable, "-m", f"services.{program}"], cwd=ROOT, env={}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    missing = {line.split()[0] for line in done.stderr.splitlines() if "is missing: set this environment" in line}
    assert {"APP_ENV", "AWS_REGION", "DATABASE_HOST", "POWERTOOLS_SERVICE_NAME"} <= missing
    assert "Traceback" not in done.stderr


def test_a_container_whose_service_is_away_is_not_healthy() -> None:
    port = free_port()
    check = healthcheck(port)
    assert check.returncode == 1
    assert f"port {port} does not answer" in check.stderr
    assert "Traceback" not in check.stderr


def test_a_container_whose_service_says_so_is_not_healthy() -> None:
    async def unwell(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body"})

    with serving(unwell) as url:
        port = httpx.URL(url).port
        assert port is not None
        check = healthcheck(port)
    assert check.returncode == 1
    assert check.stderr.strip() == f"port {port} answered 503"
