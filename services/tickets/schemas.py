"""What requests and answers look like on the wire."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services import positions, recipients
from services.positions import Cursor, Position
from services.text import portable, single_line
from services.tickets.store import Status, Ticket

MAX_PAGE = 100
# With the longest subject and the ticket's id, below the 4096 characters of a Telegram message.
MAX_DESCRIPTION_CHARACTERS = 3500


class TicketRequest(BaseModel):
    """A new ticket."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=256),
        AfterValidator(portable),
        AfterValidator(single_line),
    ]
    description: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_DESCRIPTION_CHARACTERS),
        AfterValidator(portable),
    ]
    chat: Annotated[
        str,
        AfterValidator(portable),
        AfterValidator(recipients.telegram_chat),
        Field(description="Who is told of it: a Telegram chat's number, or a channel's @name.", examples=["@support"]),
    ]


class Receipt(BaseModel):
    """The ticket was taken in."""

    id: UUID
    status: Status


class TicketView(BaseModel):
    """A ticket, and how telling of it went."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    subject: str
    description: str
    chat: str
    status: Status
    attempts: Annotated[int, Field(description="Attempts to tell of it so far.")]
    last_error: Annotated[str | None, Field(description="Why the last attempt failed.")]
    created_at: datetime
    updated_at: datetime
    notified_at: datetime | None


class Listing(BaseModel):
    """The parameters of the list."""

    model_config = ConfigDict(extra="forbid")

    status: Status | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 20
    cursor: Cursor | None = None

    @property
    def position(self) -> Position | None:
        """Where the page begins."""
        return positions.decode(self.cursor) if self.cursor else None


class TicketPage(BaseModel):
    """Some tickets, newest first."""

    items: list[TicketView]
    next_cursor: Annotated[str | None, Field(description="Passed as `cursor`, gives the next page.")] = None

    @classmethod
    def of(cls, found: list[Ticket], limit: int) -> Self:
        """A page of at most `limit`; one more than that in `found` means that another page follows."""
        shown = found[:limit]
        following = None
        if len(found) > limit:
            following = positions.encode(Position(shown[-1].created_at, shown[-1].id))
        return cls(items=[TicketView.model_validate(each) for each in shown], next_cursor=following)
