"""Whoever is given a function's process may finish with it, also while the function is updated."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local.emulator import function_updates
from tests.support.eventually import eventually

FUNCTION, ACCOUNT, REGION = "worker", "000000000000", "us-east-1"
CONFIG = {"FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{FUNCTION}"}


class Worker:
    """A process of a function, as the pool knows it."""

    def __init__(self, *_: object) -> None:
        self.in_use = False
        self.last_used = 0.0


class EagerLock:
    """The pool's lock: whenever it comes free, somebody at once asks for a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_asking = False
        self.given: list[Any] = []

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        if not self._is_asking:
            self._is_asking = True
            self.given.append(lease())
            self._is_asking = False


def lease(qualifier: str = "$LATEST") -> Any:
    worker, _ = lambda_runtime.acquire_worker(FUNCTION, CONFIG, b"", qualifier=qualifier)
    return worker


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The processes that were ended, of a pool that is the test's own."""
    found: list[Any] = []
    monkeypatch.setattr(lambda_runtime, "_workers", {})
    monkeypatch.setattr(lambda_runtime, "_worker_class_for", lambda _config: Worker)
    monkeypatch.setattr(lambda_runtime, "kill_workers", found.extend)
    for module in (lambda_runtime, lambda_svc):
        monkeypatch.setattr(module, "invalidate_worker", lambda_runtime.invalidate_worker)
    end = function_updates.install()
    yield found
    end()


def update() -> None:
    lambda_svc.invalidate_worker(FUNCTION, qualifier="$LATEST", account=ACCOUNT, region=REGION)


def test_an_update_ends_idle_processes_at_once_and_busy_ones_after_their_work(ended: list[Any]) -> None:
    busy, idle, of_a_version = lease(), lease(), lease("1")
    lambda_runtime.release_worker(idle)
    lambda_runtime.release_worker(of_a_version)
    update()
    assert ended == [idle]
    assert lease() not in (busy, idle)
    assert lease("1") is of_a_version
    lambda_runtime.release_worker(busy)
    eventually(lambda: ended == [idle, busy])


def test_no_process_is_ended_that_was_given_away_while_its_function_is_updated(
    ended: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, idle = lease(), lease()
    lambda_runtime.release_worker(idle)
    lock = EagerLock()
    monkeypatch.setattr(lambda_runtime, "_lock", lock)
    update()
    assert ended == [idle]
    assert lock.given
    assert not {busy, idle} & {*lock.given}
    lambda_runtime.release_worker(busy)
