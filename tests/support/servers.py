"""Programs of the system that tests run for themselves: found, started and ended."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_START_SECONDS = 120
_STOP_SECONDS = 60


def program(name: str, package: str, *folders: str) -> str:
    """The path of a program, looked for in these folders first. Raises RuntimeError that says what to install."""
    found = shutil.which(name, path=os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)]))
    if found is None:
        raise RuntimeError(f"{name} is not installed: apt-get install {package}")
    return found


class ServerProcess:
    """A server that runs as a group of processes of its own."""

    def __init__(
        self, arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str], answers: Callable[[], bool]
    ) -> None:
        self._arguments = list(arguments)
        self._folder = folder
        self._environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **environment}
        self._answers = answers
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers."""
        log = self._folder / "output.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  # installed by the system's packages
                self._arguments,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                self.stop()
                raise RuntimeError(f"{self._arguments[0]} did not start: {log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends it, if it runs, with all that it started."""
        process, self._process = self._process, None
        if process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, number)
                process.wait(_STOP_SECONDS)
            except ProcessLookupError:
                process.wait()
                return
            except subprocess.TimeoutExpired:
                continue

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped since."""
        return self._process is not None
