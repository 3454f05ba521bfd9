"""The processes this emulator starts, in a ledger on disk, so that none outlives it.

Each child leads a process group of its own and is written to `DIR/run/<pid>.json` with its start time. A stop takes
the whole group; a later emulator on the same folder stops what a killed one left, and only that: a pid that the
system has given to another process since does not carry the same start time.
"""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import psutil

from local.processes import MARK

# Seconds a process gets between the request to stop and SIGKILL, where nobody says otherwise.
DEFAULT_GRACE_SECONDS = 3.0


class ProcessLedger:
    """Starts and stops children, and knows all that live."""

    def __init__(self, folder: Path) -> None:
        """Use `folder` for one file per living child."""
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._children: dict[int, tuple[subprocess.Popen[bytes], signal.Signals]] = {}
        self._guard = threading.Lock()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the emulator is stopping: nothing may be started any more."""
        return self._closed

    def start(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        output: IO[bytes] | int,
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> subprocess.Popen[bytes]:
        """Start a child in its own process group; both its output streams go to `output`.

        `stop_signal` is what asks it to end.

        Raises:
            OSError: the program does not exist or may not be run.
            RuntimeError: the emulator is stopping.
        """
        with self._guard:
            if self._closed:
                raise RuntimeError("the emulator is stopping")
            child = subprocess.Popen(  # noqa: S603 - running what a task definition names is the purpose
                list(arguments),
                cwd=cwd,
                env={**environment, **_mark()},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=[] if user else None,
            )
            self._children[child.pid] = (child, stop_signal)
            self._record(child.pid, stop_signal)
        return child

    def stop(self, child: subprocess.Popen[bytes], *, grace_seconds: float = DEFAULT_GRACE_SECONDS) -> int:
        """Ask a child to end, wait, and kill its whole group if it does not. Returns its exit status."""
        _, request = self._children.get(child.pid, (child, signal.SIGTERM))
        if child.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(request)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(grace_seconds)
        # Also after an orderly end: what the child itself started goes with it.
        _kill_group(child.pid)
        status = child.wait()
        self.forget(child)
        return status

    def forget(self, child: subprocess.Popen[bytes]) -> None:
        """Strike a child that has ended off the ledger."""
        with self._guard:
            self._children.pop(child.pid, None)
        self._file(child.pid).unlink(missing_ok=True)

    def stop_all(self, *, grace_seconds: float = DEFAULT_GRACE_SECONDS) -> None:
        """Stop every child at once and start none any more."""
        with self._guard:
            self._closed = True
            children = [child for child, _ in self._children.values()]
        if children:
            with ThreadPoolExecutor(max_workers=len(children)) as pool:
                list(pool.map(lambda child: self.stop(child, grace_seconds=grace_seconds), children))

    def _file(self, pid: int) -> Path:
        return self._folder / f"{pid}.json"

    def _record(self, pid: int, stop_signal: signal.Signals) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            entry = {"pid": pid, "started": psutil.Process(pid).create_time(), "stop_signal": int(stop_signal)}
            self._file(pid).write_text(json.dumps(entry), encoding="utf-8")


def _mark() -> dict[str, str]:
    """What the operator's side knows this cloud's processes by, if it has started the emulator."""
    return {MARK: os.environ[MARK]} if MARK in os.environ else {}


def stop_left_behind(folder: Path, *, grace_seconds: float = DEFAULT_GRACE_SECONDS) -> int:
    """Stop what an emulator that was killed has left running, by its ledger. Returns how many there were."""
    groups = []
    for file in folder.glob("*.json"):
        entry = _living(file)
        if entry is not None:
            groups.append(entry["pid"])
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(entry["pid"], entry["stop_signal"])
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline and any(psutil.pid_exists(pid) for pid in groups):
        time.sleep(0.05)
    for pid in groups:
        _kill_group(pid)
    for file in folder.glob("*.json"):
        file.unlink(missing_ok=True)
    return len(groups)


def _living(file: Path) -> dict[str, int] | None:
    """The recorded process if it still runs: same pid and same start time."""
    try:
        entry = json.loads(file.read_text(encoding="utf-8"))
        process = psutil.Process(int(entry["pid"]))
        same = abs(process.create_time() - float(entry["started"])) < 0.1  # noqa: PLR2004 - seconds; clock ticks differ
        ended = process.status() == psutil.STATUS_ZOMBIE
        found = {"pid": process.pid, "stop_signal": int(entry["stop_signal"])}
    except (OSError, ValueError, KeyError, TypeError, psutil.NoSuchProcess):
        return None
    return found if same and not ended else None


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
