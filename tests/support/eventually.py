"""Waiting for what happens in the background."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_POLL_SECONDS = 0.05


def eventually(look: Callable[[], T | None], *, seconds: float = 30) -> T:
    """What `look` returns once that is true. Raises AssertionError with what it returned last if it never is."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s still {seen!r}")
        time.sleep(_POLL_SECONDS)
    return seen
