"""Leaving alone what does not answer, so that its absence costs only a few requests their time."""

import time


class Circuit:
    """Open for `pause_seconds` after each failure: until then, nothing is to be asked. Safe between threads."""

    def __init__(self, *, pause_seconds: float) -> None:
        self._pause_seconds = pause_seconds
        self._asked_again_at = 0.0

    @property
    def open(self) -> bool:
        """Whether the last failure is so recent that another attempt would be wasted."""
        return time.monotonic() < self._asked_again_at

    def fail(self) -> None:
        """Tells that an attempt failed."""
        self._asked_again_at = time.monotonic() + self._pause_seconds
