"""Passwords, kept as digests that are slow and memory-hungry to guess."""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from functools import cache
from threading import Semaphore

from services.failures import UnavailableError

MIN_CHARACTERS, MAX_CHARACTERS = 8, 256

# One of the settings of scrypt that OWASP's Password Storage Cheat Sheet lists as equal: 32 MiB, three times over.
_N, _R, _P = 2**15, 8, 3
_SALT_BYTES = 16
_DIGEST_BYTES = 32
# What OpenSSL may take: 128 · N · r and some more.
_MAX_MEMORY_BYTES = 64 * 1024 * 1024
# A digest takes 32 MiB for a quarter of a second: so many at a time leave the rest of a small task its memory.
_AT_A_TIME = Semaphore(2)
# Who would wait for longer is told to come back: meanwhile the threads serve others.
_WAIT_SECONDS = 1.0


class TooManyAtOnceError(UnavailableError):
    """More passwords are to be checked than there is time for."""


def digest(password: str) -> str:
    """A digest with a salt of its own, and with the parameters that `matches` needs. Raises TooManyAtOnceError."""
    salt = secrets.token_bytes(_SALT_BYTES)
    parts = (_N, _R, _P, b64encode(salt).decode(), b64encode(_scrypt(password, salt, _N, _R, _P)).decode())
    return "$".join(["scrypt", *map(str, parts)])


def matches(password: str, stored: str) -> bool:
    """Whether the digest was made of this password. Raises TooManyAtOnceError."""
    _, n, r, p, salt, expected = stored.split("$")
    found = _scrypt(password, b64decode(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, b64decode(expected))


@cache
def nobodys() -> str:
    """The digest of no password: for an address that is unknown, so that this does not show in the answer's time."""
    return digest(secrets.token_urlsafe())


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    if not _AT_A_TIME.acquire(timeout=_WAIT_SECONDS):
        raise TooManyAtOnceError("too many passwords are being checked")
    try:
        return hashlib.scrypt(
            password.encode(), salt=salt, n=n, r=r, p=p, maxmem=_MAX_MEMORY_BYTES, dklen=_DIGEST_BYTES
        )
    finally:
        _AT_A_TIME.release()
