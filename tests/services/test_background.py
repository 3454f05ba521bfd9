"""Steps that are taken in the background, one after the other."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from services import background
from services.background import Loop
from services.failures import UnavailableError
from tests.support.eventually import eventually


@contextmanager
def running(step: Callable[[], bool], *, idle_seconds: float) -> Iterator[Loop]:
    loop = Loop("test", step, idle_seconds=idle_seconds)
    loop.start()
    try:
        yield loop
    finally:
        loop.stop()
        assert loop.join(60)


class Step:
    """Keeps when it was taken; what it does then is the next of the given outcomes, the last of which stays."""

    def __init__(self, *outcomes: bool | Exception) -> None:
        self.outcomes = list(outcomes)
        self.times: list[float] = []

    def __call__(self) -> bool:
        self.times.append(time.monotonic())
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    @property
    def pauses(self) -> list[float]:
        return [after - before for before, after in zip(self.times, self.times[1:], strict=False)]


def told_pauses(caplog: pytest.LogCaptureFixture) -> list[float]:
    """What the loop has said about its pauses after failures."""
    return [record.__dict__["pause_seconds"] for record in caplog.records if "pause_seconds" in record.__dict__]


def test_it_waits_only_while_there_is_nothing_to_do() -> None:
    busy = Step(True, True, False)
    with running(busy, idle_seconds=60):
        eventually(lambda: len(busy.times) == 3)
    idle = Step(False)
    with running(idle, idle_seconds=0.3):
        eventually(lambda: len(idle.times) > 1)
    assert idle.pauses[0] >= 0.3


def test_it_can_be_woken() -> None:
    step = Step(False)
    with running(step, idle_seconds=60) as loop:
        eventually(lambda: len(step.times) == 1)
        loop.wake()
        eventually(lambda: len(step.times) == 2)


def test_what_comes_in_during_a_step_is_looked_for_again() -> None:
    def look() -> bool:
        looked.append(1)
        if len(looked) == 1:
            loop.wake()
        return False

    looked: list[int] = []
    with running(look, idle_seconds=60) as loop:
        eventually(lambda: len(looked) == 2)


def test_it_outlives_failures_with_growing_pauses(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background, "_FIRST_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(background, "_MAX_PAUSE_SECONDS", 0.3)
    # No step takes any time: one that takes longer than that pause would begin the pauses anew.
    monkeypatch.setattr(background, "time", SimpleNamespace(monotonic=lambda: 0.0))
    step = Step(*[RuntimeError("hunter2")] * 4, False)
    with caplog.at_level("INFO"), running(step, idle_seconds=60):
        eventually(lambda: len(step.times) == 5)
        eventually(lambda: "works again" in caplog.text)
    assert told_pauses(caplog) == pytest.approx([0.1, 0.2, 0.3, 0.3])
    assert all(pause >= told for pause, told in zip(step.pauses, told_pauses(caplog), strict=True))
    logged = [record.__dict__ for record in caplog.records]
    assert [each.get("failures") for each in logged] == [1, 2, 3, 4, 4]
    assert logged[0]["error"] == "builtins.RuntimeError"
    assert "hunter2" not in str(logged)


def test_the_reason_is_told_where_it_may_be(caplog: pytest.LogCaptureFixture) -> None:
    with running(Step(UnavailableError("the broker is on holiday")), idle_seconds=60):
        eventually(lambda: caplog.records)
    assert caplog.records[0].__dict__["reason"] == "the broker is on holiday"


def test_pauses_begin_anew_after_it_has_worked(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background, "_FIRST_PAUSE_SECONDS", 0.1)
    step = Step(RuntimeError(), RuntimeError(), True, RuntimeError(), False)
    with running(step, idle_seconds=60):
        eventually(lambda: len(step.times) == 5)
    assert told_pauses(caplog) == pytest.approx([0.1, 0.2, 0.1])


def test_a_session_that_lasted_is_no_failure_in_a_row(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background, "_FIRST_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(background, "_MAX_PAUSE_SECONDS", 0.4)
    sessions: list[int] = []

    def session() -> bool:
        sessions.append(1)
        if len(sessions) == 3:
            time.sleep(0.5)
        raise RuntimeError

    with running(session, idle_seconds=60):
        eventually(lambda: len(sessions) > 3)
    assert told_pauses(caplog)[2] == pytest.approx(0.1)


def test_a_step_in_hand_is_finished_and_no_other_begun() -> None:
    begun, go_on = threading.Event(), threading.Event()
    taken: list[int] = []

    def step() -> bool:
        taken.append(1)
        begun.set()
        return go_on.wait(60)

    loop = Loop("test", step, idle_seconds=0)
    loop.start()
    assert begun.wait(60)
    loop.stop()
    assert not loop.join(0.2)
    go_on.set()
    assert loop.join(60)
    assert taken == [1]
