"""What has reached the recipients, counted by text."""

import threading
from collections import Counter
from typing import Any

from local.deliveries import emails, text_messages
from local.receiver import KEPT_DELIVERIES
from local.settings import Settings
from local.web import UnreachableError, get_json
from tests.support.eventually import told

# The receiver keeps its last thousand deliveries: it is read long before so many more have come.
_PAUSE_SECONDS = 0.5
_SUCCESS_BELOW = 300


class Deliveries:
    """Counts successful deliveries from its start on."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._received: Counter[str] = Counter()
        self._newest = 0
        self._gaps = 0
        self._guard = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="deliveries", daemon=True)

    def __enter__(self) -> "Deliveries":
        self._newest = max((each["number"] for each in self._listed()), default=0)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def count(self) -> Counter[str]:
        """How often each text has arrived.

        Raises:
            AssertionError: some deliveries may have been missed, or the cloud does not tell of them.
        """
        self._read()
        assert not self._gaps, f"{self._gaps} deliveries were not seen: the receiver keeps {KEPT_DELIVERIES}"
        mails, texts = told(lambda: emails(self._settings)), told(lambda: text_messages(self._settings))
        with self._guard:
            counted = Counter(self._received)
        counted.update(str(each["BodyText"]).strip() for each in mails)
        counted.update(str(each["Message"]).strip() for each in texts)
        return counted

    def _run(self) -> None:
        while not self._stopping.wait(_PAUSE_SECONDS):
            self._read()

    def _read(self) -> None:
        with self._guard:
            new = self._listed()
            if not new:
                return
            self._gaps += new[0]["number"] - self._newest - 1
            self._newest = new[-1]["number"]
            for each in new:
                if each["status"] < _SUCCESS_BELOW and isinstance(each["body"], dict):
                    self._received[str(each["body"].get("text") or each["body"].get("body"))] += 1

    def _listed(self) -> list[dict[str, Any]]:
        """What the receiver has taken since it was last read, the oldest first; nothing if it is silent."""
        try:
            return list(
                get_json(
                    self._settings, f"{self._settings.receiver_url}/received?after={self._newest}", timeout_seconds=20
                )
            )
        except UnreachableError:
            return []
