"""Invocations that are under way when their function is updated end on the code they began with, as on AWS.

MiniStack ends the processes of a function's former code at once, with whatever they have in hand.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

# The longest that Lambda lets a function run.
_LONGEST_SECONDS = 900.0
_POLL_SECONDS = 0.05


def install() -> Callable[[], None]:
    """Let them end. Returns what ends those that are left."""
    retired = _Retired()
    lambda_runtime.invalidate_worker = retired.take
    lambda_svc.invalidate_worker = retired.take
    return retired.end


class _Retired:
    """Processes that take no further invocation, and end after the present one."""

    def __init__(self) -> None:
        self._workers: list[Any] = []
        self._guard = threading.Lock()

    def take(
        self, func_name: str, qualifier: str | None = None, account: str | None = None, region: str | None = None
    ) -> None:
        """End a function's idle processes at once and its busy ones after their work; none is given any more.

        In place of `lambda_runtime.invalidate_worker`, by whose names it takes what it is called with.
        """
        wanted = (account, region, func_name, qualifier)
        taken: list[Any] = []
        # In one go: what is left in the pool for a moment may be given work in that moment.
        with lambda_runtime._lock:
            for key in list(lambda_runtime._workers):
                if all(each in (None, part) for each, part in zip(wanted, key.split(":"), strict=True)):
                    taken += lambda_runtime._workers.pop(key)
            busy = [worker for worker in taken if worker.in_use]
        with self._guard:
            self._workers += busy
        for worker in busy:
            threading.Thread(target=self._retire, args=(worker,), daemon=True, name="retired-function").start()
        lambda_runtime.kill_workers([worker for worker in taken if worker not in busy])

    def end(self) -> None:
        """End all that are left, whatever they are at."""
        with self._guard:
            left, self._workers = self._workers, []
        lambda_runtime.kill_workers(left)

    def _retire(self, worker: Any) -> None:
        deadline = time.monotonic() + _LONGEST_SECONDS
        while worker.in_use and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        with self._guard:
            if worker not in self._workers:
                return
            self._workers.remove(worker)
        lambda_runtime.kill_workers([worker])
