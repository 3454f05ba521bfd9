"""The time that a dump or a restore has."""

import time

from services.backups.errors import BackupError


class Budget:
    """So many seconds from now on."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining_seconds(self) -> float:
        """What is left, more than 0. Raises BackupError when nothing is."""
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise BackupError(
                f"not done within the {self._seconds:.0f} s that the function had: give it a longer timeout (at most"
                " 900 s) or more memory, and with it more processor"
            )
        return remaining
