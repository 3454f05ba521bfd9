"""Runs a service as its container does: as a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from tests.support.eventually import eventually
from tests.support.postgres import HOST, free_port

_ROOT = Path(__file__).parents[2]
_START_SECONDS = 120
_STOP_SECONDS = 120
# The credentials and the address of the emulator, and the certificate that its neighbours have.
_PASSED_ON = ("AWS_", "SSL_")


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs `python -m services.<arguments>` without any variable; for what ends by itself."""
    return subprocess.run(  # noqa: S603  # the project's own program
        _command(*arguments), cwd=_ROOT, env={}, capture_output=True, text=True, check=False, timeout=_STOP_SECONDS
    )


class Program:
    """`python -m services.<arguments>` on a loopback port of its own, as a context. It ends with it at the latest."""

    def __init__(self, *arguments: str, environment: dict[str, str], log: Path) -> None:
        self._arguments = arguments
        self._log = log
        port = free_port()
        self.url = f"http://{HOST}:{port}"
        passed_on = {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)}
        with log.open("wb") as output:
            self.process = subprocess.Popen(  # noqa: S603  # the project's own program
                _command(*arguments),
                cwd=_ROOT,
                env={**passed_on, **environment, "HOST": HOST, "PORT": str(port)},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> "Program":
        deadline = time.monotonic() + _START_SECONDS
        try:
            while True:
                try:
                    httpx.get(f"{self.url}/health", timeout=60).raise_for_status()
                except httpx.TransportError:
                    assert self.process.poll() is None, self._log.read_text()
                    assert time.monotonic() < deadline, self._log.read_text()
                    time.sleep(0.05)
                else:
                    return self
        except BaseException:
            self.kill()
            raise

    def __exit__(self, *_: object) -> None:
        self.kill()

    def ready(self) -> "Program":
        """Itself, once it has a connection to its database: a request waits a second for the first, and no longer."""
        eventually(lambda: httpx.get(f"{self.url}/ready", timeout=60).is_success)
        return self

    def kill(self) -> None:
        """Ends the process without giving it a chance."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """Sends SIGTERM and waits for the end."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(_STOP_SECONDS) in (0, -signal.SIGTERM)

    def metric(self, line: str) -> float:
        """The value of the metric with this name and these labels; 0 if there is none."""
        for found in httpx.get(f"{self.url}/metrics", timeout=60).text.splitlines():
            name, _, value = found.rpartition(" ")
            if name == line:
                return float(value)
        return 0

    @property
    def output(self) -> str:
        """Everything it has printed."""
        return self._log.read_text()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The same as log lines. Raises ValueError for a line that is no JSON."""
        return [json.loads(line) for line in self.output.splitlines()]


def _command(*arguments: str) -> list[str]:
    program, *others = arguments
    return [sys.executable, "-m", f"services.{program}", *others]
