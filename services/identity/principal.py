"""Whoever has proven an identity."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """An API key, or the subject of a token.

    owner: what it stores belongs to this name, and it sees nothing else. subject: what its requests are counted under.
    key_id: of the API key; None for a token.
    """

    owner: str
    subject: str
    key_id: str | None = None
