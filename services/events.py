"""What services tell each other."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that happened. It may arrive more than once, always with the same id.

    topic: what happened, such as `order.placed`. payload: the facts, as JSON.
    """

    id: UUID
    topic: str
    payload: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Publication:
    """What became of publishing some events; those in neither collection were not tried, or their fate is unknown.

    refused: why, by id. fault: why there is no publishing at all at present; None if there is.
    """

    accepted: frozenset[UUID] = frozenset()
    refused: dict[UUID, str]
    fault: str | None = None
