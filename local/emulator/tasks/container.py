"""One container of a task: a process, with the part of Docker's container object that MiniStack's ECS uses."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from local.emulator import ports
from local.emulator.permissions.containers import ExecutionRole
from local.emulator.processes import ProcessLedger
from local.emulator.tasks.health import Check

_LOG_POLL_SECONDS = 0.1
_LAST_LINES = 15


class LocalContainer:
    """A running or ended process of a container definition."""

    def __init__(
        self,
        *,
        identifier: str,
        process: subprocess.Popen[bytes],
        ledger: ProcessLedger,
        log: Path,
        port: int,
        stop_timeout_seconds: float,
        drain_seconds: float,
        checks: Sequence[Check],
        on_health: Callable[[str], None],
        on_end: Callable[[], None],
    ) -> None:
        """Describe a started process and watch it; `on_end` is called once when it has ended.

        `on_health` is told `HEALTHY` when all checks have passed, and `UNHEALTHY` when one has failed too often.
        """
        self.id = identifier
        self.port = port
        self.log = log
        self.execution_role: ExecutionRole | None = None
        self._process = process
        self._ledger = ledger
        self._stop_timeout_seconds = stop_timeout_seconds
        self._drain_seconds = drain_seconds
        self._checks = checks
        self._on_health = on_health
        self._on_end = on_end
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self.attrs: dict[str, Any] = {"NetworkSettings": {"Networks": {"local": {"IPAddress": ports.LOOPBACK}}}}
        threading.Thread(target=self._wait, daemon=True, name=f"task-{identifier}").start()

    @property
    def status(self) -> str:
        """`running` or `exited`, in Docker's words."""
        return "exited" if self._ended.is_set() else "running"

    @property
    def exit_status(self) -> int:
        """As a shell counts it: 128 and the signal's number for a process that a signal ended."""
        code = self._process.returncode or 0
        return code if code >= 0 else 128 - code

    def reload(self) -> None:
        """`status` is never out of date."""

    def wait(self) -> dict[str, int]:
        """Docker's answer about an ended container."""
        self._ended.wait()
        return {"StatusCode": self.exit_status}

    def stop(self, timeout: float | None = None) -> None:  # noqa: ARG002 - the task definition's timeout counts
        """Let requests drain, send SIGTERM, and SIGKILL after the container's stop timeout. Does not wait for it."""
        if not self._stopping.is_set():
            self._stopping.set()
            threading.Thread(target=self._stop, daemon=True, name=f"stop-{self.id}").start()

    def remove(self, **_: Any) -> None:
        """Nothing of a process is left to remove."""

    def logs(self, **_: Any) -> Iterator[bytes]:
        """Whole lines as they are written, until the process has ended."""
        with self.log.open("rb") as stream:
            line = b""
            while True:
                ended = self._ended.is_set()
                line += stream.readline()
                if line.endswith(b"\n") or (ended and line):
                    yield line
                    line = b""
                elif ended:
                    return
                else:
                    self._ended.wait(_LOG_POLL_SECONDS)

    def last_lines(self) -> str:
        """The end of what the process wrote."""
        return last_lines(self.log)

    def wait_until_healthy(self, longest_seconds: float) -> str | None:
        """Wait until every check has passed once. Returns what is wrong if the process ends or time runs out."""
        begin = time.monotonic()
        for check in self._checks:
            patience = min(check.patience_seconds, longest_seconds)
            while not self._ended.is_set() and not check.passes(self.port):
                if time.monotonic() - begin > patience:
                    return f"did not pass its health check {check.name} within {patience:.0f} s"
                self._ended.wait(check.pace_seconds)
        if self._ended.is_set():
            return f"exited with status {self.exit_status}"
        if self._checks:
            self._on_health("HEALTHY")
        for check in self._checks:
            threading.Thread(target=self._watch, args=(check,), daemon=True, name=f"health-{self.id}").start()
        return None

    def kill(self) -> None:
        """End the process at once."""
        self._ledger.stop(self._process, grace_seconds=0)

    def _wait(self) -> None:
        self._process.wait()
        self._ended.set()
        self._ledger.forget(self._process)
        ports.release(self.port)
        self._on_end()

    def _stop(self) -> None:
        self._ended.wait(self._drain_seconds)
        self._ledger.stop(self._process, grace_seconds=self._stop_timeout_seconds)

    def _watch(self, check: Check) -> None:
        """A container that fails a check as often as that allows is replaced, as on AWS."""
        failed = 0
        while not self._ended.wait(check.interval_seconds):
            if self._stopping.is_set():
                return
            failed = 0 if check.passes(self.port) else failed + 1
            if failed >= check.unhealthy_count:
                self._on_health("UNHEALTHY")
                with self.log.open("ab") as log:
                    log.write(f"stopped: failed {failed} health checks of {check.name}\n".encode())
                self.kill()
                return


def last_lines(log: Path) -> str:
    """The end of a log, for a message."""
    text = log.read_bytes().decode("utf-8", errors="replace")
    return "\n".join(text.splitlines()[-_LAST_LINES:])
