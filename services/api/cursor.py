"""The cursor of a list: where the next page begins, in a form that clients need not understand."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from uuid import UUID

from services.store import Position


def encode(position: Position) -> str:
    """The position as text that is safe in a URL."""
    return urlsafe_b64encode(f"{position.created_at.isoformat()} {position.id}".encode()).decode().rstrip("=")


def decode(cursor: str) -> Position:
    """Raises ValueError for anything that `encode` did not make."""
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        time, notification_id = text.split(" ")
        position = Position(datetime.fromisoformat(time), UUID(notification_id))
        genuine = encode(position) == cursor
    except ValueError:
        genuine = False
    if not genuine or position.created_at.tzinfo is None:
        raise ValueError("is not a cursor that this list has handed out: leave it out to begin with the newest")
    return position
