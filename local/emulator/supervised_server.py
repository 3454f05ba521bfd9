"""A server process that is started again whenever it ends unasked, as AWS replaces a node that failed."""

import logging
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from local.emulator.processes import ProcessLedger
from local.errors import LocalError

START_TIMEOUT_SECONDS = 60.0

# Between two attempts to replace a server that does not come up again.
_RETRY_SECONDS = 2.0
_POLL_SECONDS = 0.05
# As much of a log as fits into the reason of a failed stack.
_REASON_CHARACTERS = 700

_log = logging.getLogger(__name__)


class SupervisedServer:
    """One process, its working folder and its log."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        log: Path,
        environment: Mapping[str, str],
        ledger: ProcessLedger,
        answers: Callable[[], bool],
    ) -> None:
        """Describe a server; `start` runs it.

        Args:
            arguments: Program and arguments; it must stay in the foreground.
            folder: Its working folder, which exists.
            log: Takes both output streams; starts are appended.
            environment: The whole environment besides PATH and locale.
            ledger: Sees to it that the process does not outlive the emulator.
            answers: Whether it does its work by now.
        """
        self._arguments = list(arguments)
        self._folder = folder
        self._log = log
        self._environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **environment}
        self._ledger = ledger
        self._answers = answers
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = threading.Event()
        self._guard = threading.RLock()

    def start(self) -> None:
        """Run the server, wait until it answers, and keep it running.

        Raises:
            LocalError: it does not come up; the message holds the end of its log.
            OSError: the program may not be run.
        """
        with self._guard:
            self._stopped = threading.Event()
            self._launch()
            threading.Thread(target=self._keep_running, args=(self._stopped,), daemon=True).start()

    def stop(self) -> None:
        """End the server."""
        self._stopped.set()
        with self._guard:
            if self._process is not None:
                self._ledger.stop(self._process)
                self._process = None

    def _launch(self) -> None:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            process = self._ledger.start(
                self._arguments, cwd=self._folder, environment=self._environment, output=log.fileno()
            )
        self._process = process
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self._stopped.is_set() and process.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return
            time.sleep(_POLL_SECONDS)
        self._ledger.stop(process)
        end = self._log.read_text(encoding="utf-8", errors="replace")[-_REASON_CHARACTERS:]
        name = Path(self._arguments[0]).name
        raise LocalError(f"{name} did not start; the end of {self._log}:\n{end.strip()}")

    def _keep_running(self, stopped: threading.Event) -> None:
        """Replace the process whenever it has ended, until the server is stopped or the emulator ends."""
        while (process := self._process) is not None:
            process.wait()
            with self._guard:
                if stopped.is_set():
                    return
                # What it had started itself goes with it.
                self._ledger.stop(process)
                try:
                    self._launch()
                except RuntimeError:
                    return
                except (LocalError, OSError) as error:
                    _log.error("%s", error)
                else:
                    _log.warning("%s had ended with status %s; replaced", self._arguments[0], process.returncode)
                    continue
            stopped.wait(_RETRY_SECONDS)
