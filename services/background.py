"""Work that goes on beside the requests of a process, or instead of them."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from services.logs import described

logger = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 0.5
_MAX_PAUSE_SECONDS = 15.0


class Task(Protocol):
    """Something that runs by itself between `start` and `stop`."""

    def start(self) -> None:
        """Begins; returns at once."""

    def stop(self) -> None:
        """Asks it to end what it has in hand and then itself; returns at once."""

    def join(self, timeout_seconds: float) -> bool:
        """Waits for its end; False if that does not come in time."""


class Loop:
    """Takes one step after the other in a thread of its own.

    step: one piece of work, which should take seconds at most; True means that there is more to be done at once.
    idle_seconds: how long to wait otherwise; None waits for `wake`. A step that raises is logged and taken again after
    pauses that grow to 15 s, for as long as it takes.
    """

    def __init__(self, name: str, step: Callable[[], bool], *, idle_seconds: float | None) -> None:
        self._name = name
        self._step = step
        self.idle_seconds = idle_seconds
        self._failures = 0
        self._stopping = threading.Event()
        self._wake = threading.Event()
        # Not waited for at exit: `join` has been, and what hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def stopping(self) -> bool:
        """Whether it has been asked to end: for steps that would otherwise go on."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Begins; returns at once."""
        self._thread.start()

    def wake(self) -> None:
        """Ends the present wait, if there is one."""
        self._wake.set()

    def stop(self) -> None:
        """Asks it to end after the present step; returns at once."""
        self._stopping.set()
        self._wake.set()

    def join(self, timeout_seconds: float) -> bool:
        """Waits for its end; False if that does not come in time."""
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self.stopping:
            # Before the step: what comes in while it looks is looked for again.
            self._wake.clear()
            pause = self._take_step()
            if pause != 0 and not self.stopping:
                self._wake.wait(pause)

    def _take_step(self) -> float | None:
        """Returns how long to wait before the next one, in seconds; None: until it is woken."""
        started = time.monotonic()
        try:
            more = self._step()
        except Exception as error:  # noqa: BLE001  # whatever it is, the loop must outlive it
            if time.monotonic() - started > _MAX_PAUSE_SECONDS:
                # It was at work in between.
                self._failures = 0
            self._failures += 1
            pause = min(_FIRST_PAUSE_SECONDS * 2.0 ** (self._failures - 1), _MAX_PAUSE_SECONDS)
            logger.warning(
                "failed; going on after a pause",
                extra={"task": self._name, "failures": self._failures, "pause_seconds": pause, **described(error)},
            )
            return pause
        if self._failures:
            logger.info("works again", extra={"task": self._name, "failures": self._failures})
            self._failures = 0
        return 0 if more else self.idle_seconds
