"""What keeps the tour from being replayed at all."""

from collections.abc import Iterable


class TourError(Exception):
    """Bad input; `str()` of it has a line for each fault."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))
