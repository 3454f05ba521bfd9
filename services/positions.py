"""Places in a list that shows the newest first, and the cursor that stands for one.

A cursor tells where the next page begins, in a form that clients need not understand.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
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


def newest_first(
    columns: str, table: str, *, where: Mapping[str, object | None], after: Position | None, limit: int
) -> tuple[str, list[object]]:
    """The SQL of a page, and its values: rows of a table, newest first, behind a position.

    columns, table: constant text. where: what columns must be equal to; None leaves a column open.
    """
    wanted = {column: value for column, value in where.items() if value is not None}
    conditions = ["TRUE", *(f"{column} = %s" for column in wanted)]
    values = list(wanted.values())
    if after is not None:
        conditions.append("(created_at, id) < (%s, %s)")
        values += [after.created_at, after.id]
    query = f"SELECT {columns} FROM {table} WHERE {' AND '.join(conditions)} ORDER BY created_at DESC, id DESC LIMIT %s"  # noqa: S608  # constant text
    return query, [*values, limit]


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
