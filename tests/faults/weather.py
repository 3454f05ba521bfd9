"""The receivers' weather: several faults may make it bad at the same time, each for a while of its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local.settings import Settings
from local.web import send
from tests.support.eventually import PATIENCE_SECONDS


class Weather:
    """What webhook and Telegram do, for whoever wants it bad."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self._settings = settings
        self._seed = seed
        self._spells: list[dict[str, dict[str, Any]]] = []
        self._guard = threading.Lock()

    @contextmanager
    def bad(self, **channels: dict[str, Any]) -> Iterator[None]:
        """Bad weather until the end of the block; of two spells for one channel, the later one's settings go first."""
        with self._changed():
            self._spells.append(channels)
        try:
            yield
        finally:
            with self._changed():
                self._spells.remove(channels)

    @contextmanager
    def _changed(self) -> Iterator[None]:
        with self._guard:
            yield
            together: dict[str, dict[str, Any]] = {}
            for spell in self._spells:
                for channel, settings in spell.items():
                    together[channel] = {**together.get(channel, {}), **settings}
            answer = send(
                self._settings,
                f"{self._settings.receiver_url}/weather",
                body={**together, "seed": self._seed},
                # Weather that nobody changed back would be that of the next rows.
                timeout_seconds=PATIENCE_SECONDS,
            )
            assert answer.is_success, answer.document
