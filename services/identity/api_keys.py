"""The form of an API key: `gw_<id>_<secret>`. Its id may be shown, its secret is known to its bearer alone."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Self

PREFIX = "gw_"
# 80 bits, so that ids neither collide nor can be guessed in passing.
_ID_BYTES = 10
# 256 bits.
_SECRET_BYTES = 32
_FORM = re.compile(r"gw_([0-9a-f]{20})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True, repr=False)
class ApiKey:
    """A key in the clear. It has no representation, so that no log and no traceback can hold one."""

    id: str
    secret: str

    @classmethod
    def new(cls) -> Self:
        """A key that nobody has had before."""
        return cls(secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES))

    @classmethod
    def parsed(cls, text: str) -> Self | None:
        """The key that a text is; None if it has not the form of one."""
        found = _FORM.fullmatch(text)
        return cls(found[1], found[2]) if found else None

    @property
    def text(self) -> str:
        """As its bearer sends it."""
        return f"{PREFIX}{self.id}_{self.secret}"

    @property
    def digest(self) -> bytes:
        """What is stored of the secret.

        SHA-256 without salt and without repetition: those make guessing dear where people choose what is guessed.
        A secret of 256 random bits cannot be guessed however cheap an attempt is, and every request pays for it.
        """
        return hashlib.sha256(self.secret.encode()).digest()

    def has(self, digest: bytes) -> bool:
        """Whether the stored digest is that of this key; takes the same time wherever the two differ."""
        return hmac.compare_digest(self.digest, digest)
