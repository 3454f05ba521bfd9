"""API keys as a process knows them: read from the database, and kept for a few seconds."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime

from services.identity import key_store
from services.identity.api_keys import ApiKey
from services.identity.asking import TakeConnection, ask
from services.identity.key_store import StoredKey
from services.identity.principal import Principal

KNOWN_SECONDS = 5.0
"""A key that was revoked is refused by every task after this time."""
# Far more than there can be; those that are made up are kept as well, and push out the oldest.
MOST_KNOWN = 10_000
_UNKNOWN = bytes(32)


class KeyInvalidError(Exception):
    """The key proves nothing; the text says why and repeats nothing of it."""


class KnownKeys:
    """Verifies API keys. Safe between threads.

    A key is looked up at its first request and then
    once in KNOWN_SECONDS, by each task.
    """

    def __init__(
        self,
        connection: TakeConnection,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._guard = threading.Lock()
        self._known: OrderedDict[str, tuple[float, StoredKey | None]] = OrderedDict()

    def principal(self, key: ApiKey) -> Principal:
        """Whose key it is. Raises KeyInvalidError, and what the connection raises."""
        stored = self._stored(key.id)
        # Compared in any case: how long the answer takes does not tell whether there is such a key.
        genuine = key.has(stored.digest if stored else _UNKNOWN)
        if stored is None or not genuine:
            raise KeyInvalidError("the API key is not known")
        # Told to bearers of the secret only.
        if stored.revoked_at is not None:
            raise KeyInvalidError("the API key was revoked")
        if stored.expires_at is not None and stored.expires_at <= datetime.now(UTC):
            raise KeyInvalidError("the API key has expired")
        return Principal(owner=stored.owner, subject=f"key:{stored.id}", key_id=stored.id)

    def _stored(self, key_id: str) -> StoredKey | None:
        # Before it is read: what is revoked meanwhile is not known for longer than it may be.
        now = self._clock()
        with self._guard:
            until, stored = self._known.get(key_id, (now, None))
        if until > now:
            return stored
        stored = ask(self._connection, lambda connection: key_store.find(connection, key_id))
        with self._guard:
            self._known[key_id] = (now + KNOWN_SECONDS, stored)
            self._known.move_to_end(key_id)
            while len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)
        return stored
