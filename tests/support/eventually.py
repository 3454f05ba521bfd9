"""Waiting for what happens in the background."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Looks become rarer, so that looking is no load of its own.
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.02, 0.5
# A bound for what will never be, on however busy a machine. Longer than a message stays with a worker that has ended.
PATIENCE_SECONDS = 180.0


def eventually(look: Callable[[], T | None], *, seconds: float = PATIENCE_SECONDS) -> T:
    """What `look` returns once that is true. Raises AssertionError with what it returned last if it never is."""
    deadline, pause = time.monotonic() + seconds, _FIRST_PAUSE_SECONDS
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s still {seen!r}")
        time.sleep(pause)
        pause = min(pause * 1.2, _LONGEST_PAUSE_SECONDS)
    return seen


def told(look: Callable[[], T | None], *, seconds: float = PATIENCE_SECONDS) -> T:
    """What `look` returns once that is not None, be it empty. Raises AssertionError if it never is."""
    (found,) = eventually(lambda: None if (seen := look()) is None else (seen,), seconds=seconds)
    return found
