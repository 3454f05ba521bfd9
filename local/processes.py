"""Processes that outlive the command that starts them, and are found and stopped again without harm to others.

A pid alone says little: it may have been given to somebody else since. A recorded process counts as ours when its pid,
its start time and the mark in its environment agree. Whatever it started carries the same mark, so that orphans of a
killed emulator are found as well.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from local.errors import LocalError
from local.files import write_atomic
from local.settings import ROOT, Settings

MARK = "GROUNDWORK_CLOUD"
# The start time is derived from the time of boot, which moves a little when the clock is corrected.
_START_TOLERANCE_SECONDS = 2.0


def _record(settings: Settings, name: str) -> Path:
    return settings.directory / f"{name}.pid"


def start(
    settings: Settings, name: str, arguments: Iterable[str], environ: Mapping[str, str], *, port: int
) -> psutil.Popen:
    """Start `python <arguments>` in a session of its own, logging to logs/<name>.log, and record it and its port."""
    settings.logs.mkdir(parents=True, exist_ok=True)
    environment = dict(environ) | {MARK: str(settings.directory), "PYTHONUNBUFFERED": "1"}
    with log_file(settings, name).open("wb") as log:
        process = psutil.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    record = {"pid": process.pid, "started": process.create_time(), "port": port}
    write_atomic(_record(settings, name), json.dumps(record))
    return process


def log_file(settings: Settings, name: str) -> Path:
    """Where a process writes what it has to say."""
    return settings.logs / f"{name}.log"


def running(settings: Settings, name: str) -> psutil.Process | None:
    """The recorded process, if it still runs and really is the one that was started here."""
    try:
        record = json.loads(_record(settings, name).read_text())
        process = psutil.Process(record["pid"])
        same = abs(process.create_time() - record["started"]) <= _START_TOLERANCE_SECONDS
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    return process if same and _is_marked(process, settings) and not _is_dead(process) else None


def recorded_port(settings: Settings, name: str) -> int | None:
    """The port of a process that runs; it may differ from what the environment says today."""
    if running(settings, name) is None:
        return None
    return int(json.loads(_record(settings, name).read_text())["port"])


def marked(settings: Settings) -> list[psutil.Process]:
    """Every process of this folder's cloud, whether recorded or not."""
    return [process for process in psutil.process_iter() if _is_marked(process, settings) and not _is_dead(process)]


def forget(settings: Settings, name: str) -> None:
    """Remove a process's record."""
    _record(settings, name).unlink(missing_ok=True)


def stop(processes: Iterable[psutil.Process], *, grace_seconds: float) -> None:
    """End processes: SIGTERM, and SIGKILL for what is left after the grace period."""
    targets = list(processes)
    for process in targets:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(targets, timeout=grace_seconds)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=2)


def wait_ready(
    process: psutil.Popen, *, name: str, settings: Settings, ready: Callable[[], bool], bound_seconds: float
) -> None:
    """Wait until a started server answers.

    Raises:
        LocalError: it ended, or did not answer in time; the message carries the end of its log.
    """
    deadline = time.monotonic() + bound_seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise LocalError(
                f"the {name} ended at once (exit code {process.returncode}):\n{last_lines(settings, name)}"
            )
        if ready():
            return
        time.sleep(0.1)
    stop([process], grace_seconds=5)
    raise LocalError(f"the {name} did not answer within {bound_seconds:.0f} s:\n{last_lines(settings, name)}")


def last_lines(settings: Settings, name: str, count: int = 15) -> str:
    """The end of a process's log, indented, with the path."""
    path = log_file(settings, name)
    try:
        lines = path.read_text(errors="replace").splitlines()[-count:]
    except OSError:
        lines = []
    return "\n".join([*(f"    {line}" for line in lines), f"  whole log: {path}"])


def _is_marked(process: psutil.Process, settings: Settings) -> bool:
    with suppress(psutil.Error, OSError):
        return process.pid != os.getpid() and process.environ().get(MARK) == str(settings.directory)
    return False


def _is_dead(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    return True
