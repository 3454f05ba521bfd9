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
    invalidate = lambda_runtime.invalidate_worker

    def invalidate_idle(
        func_name: str, qualifier: str | None = None, account: str | None = None, region: str | None = None
    ) -> None:
        retired.take(func_name, qualifier, account, region)
        invalidate(func_name, qualifier=qualifier, account=account, region=region)

    lambda_runtime.invalidate_worker = invalidate_idle
    lambda_svc.invalidate_worker = invalidate_idle
    return retired.end


class _Retired:
    """Processes that take no further invocation, and end after the present one."""

    def __init__(self) -> None:
        self._workers: list[Any] = []
        self._guard = threading.Lock()

    def take(self, function: str, qualifier: str | None, account: str | None, region: str | None) -> None:
        """Keep a function's busy processes out of the hands of whoever ends the others."""
        busy = []
        with lambda_runtime._lock:
            for key, workers in lambda_runtime._workers.items():
                of_account, of_region, name, version = key.split(":")
                if name != function or qualifier not in (None, version):
                    continue
                if account not in (None, of_account) or region not in (None, of_region):
                    continue
                busy += [worker for worker in workers if worker.in_use]
                workers[:] = [worker for worker in workers if not worker.in_use]
        with self._guard:
            self._workers += busy
        for worker in busy:
            threading.Thread(target=self._retire, args=(worker,), daemon=True, name="retired-function").start()

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
