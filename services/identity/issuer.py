"""The public keys of an OIDC issuer, found by discovery (OpenID Connect Discovery 1.0) and kept for a while."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from services.channels import deadline
from services.channels.targets import RefusedTargetError, Targets
from services.failures import UnavailableError

FRESH_SECONDS = 3600.0
"""Keys are asked for again after this time; until then, a key that the issuer has withdrawn is still taken."""
STALE_SECONDS = 24 * 3600.0
"""For so long, the keys go on being used while the issuer is away."""
RETRY_SECONDS = 30.0
"""Between two looks for keys that are not known, and between two attempts while there are others to go on with."""
_RETRY_WITHOUT_KEYS_SECONDS = 5.0
# All that one look does: two requests.
_LOOK_SECONDS = 5.0
# How long a request waits for a look that another one has begun, where there are no keys to go on with.
_WAIT_SECONDS = 1.0
_MOST_BYTES = 256 * 1024
_MOST_KEYS = 100


class IssuerUnavailableError(UnavailableError):
    """The issuer's keys cannot be had at present."""


class SigningKeys:
    """The keys of one issuer, by their ids. Safe between threads.

    Whatever tokens are sent, the issuer is asked no more than once in RETRY_SECONDS.
    """

    def __init__(self, issuer: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._clock = clock
        # Its own host may be inside, since the configuration names it; where its documents lead must be public.
        self._client = httpx.Client(
            transport=deadline.BoundedTransport(
                httpx.create_ssl_context(), httpx.Limits(max_connections=2), Targets.of_url(issuer)
            ),
            timeout=_LOOK_SECONDS,
            follow_redirects=False,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        )
        self._looking = threading.Lock()
        self._waiting = threading.Lock()
        self._keys: dict[str, PyJWK] = {}
        self._fresh_until = self._stale_until = self._next_look = -float("inf")

    def close(self) -> None:
        """Closes connections to the issuer."""
        self._client.close()

    def key(self, key_id: str) -> PyJWK | None:
        """The key of an id; None if the issuer has none. Raises IssuerUnavailableError."""
        if self._clock() < self._fresh_until and (found := self._keys.get(key_id)):
            return found
        if self._clock() >= self._next_look:
            self._look()
        if self._clock() >= self._stale_until:
            raise IssuerUnavailableError(f"the issuer {self._issuer} is not available")
        return self._keys.get(key_id)

    def _look(self) -> None:
        if not self._may_look():
            return
        try:
            if self._clock() < self._next_look:
                return
            try:
                keys = self._fetched()
            except (httpx.HTTPError, httpx.InvalidURL, RefusedTargetError, ValueError, RecursionError) as error:
                there = self._clock() < self._stale_until
                self._next_look = self._clock() + (RETRY_SECONDS if there else _RETRY_WITHOUT_KEYS_SECONDS)
                if not there:
                    reason = f"the issuer {self._issuer} is not available: {type(error).__name__}"
                    raise IssuerUnavailableError(reason) from None
                return
            now = self._clock()
            self._keys = keys
            self._fresh_until, self._stale_until = now + FRESH_SECONDS, now + STALE_SECONDS
            self._next_look = now + RETRY_SECONDS
        finally:
            self._looking.release()

    def _may_look(self) -> bool:
        """Whether this thread has taken the lock of the look.

        While an issuer hangs, a thread looks, and one more waits if there are no keys yet: all the others are needed
        for those who can be answered.
        """
        if self._looking.acquire(blocking=False):
            return True
        if self._clock() < self._stale_until or not self._waiting.acquire(blocking=False):
            return False
        try:
            return self._looking.acquire(timeout=_WAIT_SECONDS)
        finally:
            self._waiting.release()

    def _fetched(self) -> dict[str, PyJWK]:
        with deadline.within(_LOOK_SECONDS):
            document = self._json(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            address = document.get("jwks_uri")
            # An answer for another issuer, or one that leads to plain HTTP, is somebody else's.
            if document.get("issuer") != self._issuer or not isinstance(address, str):
                raise ValueError("the discovery document is not this issuer's")
            if urlsplit(address).scheme != "https":
                raise ValueError("the keys are not served over HTTPS")
            found = self._json(address)
        listed = found.get("keys")
        if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
            raise ValueError("the keys are no JSON Web Key Set of a reasonable size")
        keys = {key.key_id: key for each in listed if (key := _usable(each)) is not None and key.key_id}
        if not keys:
            raise ValueError("there is no key to verify a signature by")
        return keys

    def _json(self, address: str) -> dict[str, Any]:
        with self._client.stream("GET", address) as response:
            response.raise_for_status()
            content = bytearray()
            for part in response.iter_raw():
                content += part
                if len(content) > _MOST_BYTES:
                    raise ValueError("the answer is too large")
        document = json.loads(bytes(content))
        if response.status_code != httpx.codes.OK or not isinstance(document, dict):
            raise ValueError("the answer is no JSON object")
        return document


def _usable(entry: Any) -> PyJWK | None:
    """The key of an entry; None for one that is of another kind or use, or cannot be read: others may serve."""
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
        return None
    # A symmetric key among public ones would be known to everybody.
    if entry.get("kty") not in ("RSA", "EC", "OKP") or entry.get("use", "sig") != "sig":
        return None
    try:
        return PyJWK.from_dict(entry)
    except (PyJWTError, LookupError, TypeError, ValueError):
        return None
