"""Places in a list that shows the newest first, and the cursor that stands for one.

A cursor tells where the next page begins, in a form that clients need not understand.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError


@dataclass(frozen=True, slots=True)
class Position:
    """Just behind the item with these two values."""

    created_at: datetime
    id: UUID


def encode(position: Position) -> str:
    """The position as text that is safe in a URL."""
    return urlsafe_b64encode(f"{position.created_at.isoformat()} {position.id}".encode()).decode().rstrip("=")


def decode(cursor: str) -> Position:
    """Raises ValueError for anything that `encode` did not make."""
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        time, item_id = text.split(" ")
        position = Position(datetime.fromisoformat(time), UUID(item_id))
        genuine = encode(position) == cursor
    except ValueError:
        genuine = False
    if not genuine or position.created_at.tzinfo is None:
        raise ValueError("is not a cursor that this list has handed out: leave it out to begin with the newest")
    return position


def _check(value: str) -> str:
    try:
        decode(value)
    except ValueError as error:
        raise PydanticCustomError("cursor", "{reason}", {"reason": str(error)}) from None
    return value


Cursor = Annotated[str, AfterValidator(_check)]
"""A parameter that holds a cursor."""
