"""What requests and answers look like on the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, Strict
from pydantic_core import PydanticCustomError

from services import positions, store
from services.messages import Channel
from services.positions import Cursor, Position
from services.replay import DEFAULT_REPLAY, MAX_REPLAY
from services.store import Status
from services.store_replay import Selection

MAX_PAGE = 100


class Receipt(BaseModel):
    """The notification and how it stands: one that is queued will be delivered."""

    id: UUID
    status: Status


class NotificationView(BaseModel):
    """A notification and how its delivery went. Its body is not repeated."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    channel: Channel
    recipient: str
    subject: str | None
    status: Status
    attempts: Annotated[int, Field(description="Attempts at delivery so far.")]
    last_error: Annotated[str | None, Field(description="Why the last attempt failed.")]
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None


class NotificationPage(BaseModel):
    """Some notifications, newest first."""

    items: list[NotificationView]
    next_cursor: Annotated[str | None, Field(description="Passed as `cursor`, gives the next page.")] = None

    @classmethod
    def of(cls, found: list[store.Notification], limit: int) -> Self:
        """A page of at most `limit`; one more than that in `found` means that another page follows."""
        shown = found[:limit]
        following = None
        if len(found) > limit:
            following = positions.encode(Position(shown[-1].created_at, shown[-1].id))
        return cls(items=[NotificationView.model_validate(each) for each in shown], next_cursor=following)


def _or_empty(kind: Any, default: object = None) -> BeforeValidator:
    """Takes an empty text for the default: forms and templates send a filter so that is not set."""
    return BeforeValidator(lambda value: default if value == "" else value, json_schema_input_type=kind | Literal[""])


_Limit = Annotated[int, Field(ge=1, le=MAX_PAGE)]


class Listing(BaseModel):
    """The parameters of the list."""

    model_config = ConfigDict(extra="forbid")

    status: Annotated[Status | None, _or_empty(Status | None)] = None
    channel: Annotated[Channel | None, _or_empty(Channel | None)] = None
    limit: Annotated[_Limit, _or_empty(_Limit, default=20)] = 20
    cursor: Annotated[Cursor | None, _or_empty(Cursor | None)] = None

    @property
    def position(self) -> Position | None:
        """Where the page begins."""
        return positions.decode(self.cursor) if self.cursor else None


def _written_out(value: object) -> object:
    """Refuses what would otherwise be taken for seconds or milliseconds since 1970, whichever seems likelier."""
    if value is None or (isinstance(value, str) and "-" in value):
        return value
    raise PydanticCustomError("time", "must be a time with its offset from UTC, such as 2026-01-31T12:00:00Z")


_Time = Annotated[AwareDatetime, BeforeValidator(_written_out)]


class ReplayRequest(BaseModel):
    """Which failed notifications to send again: the oldest first, at most `limit`."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Strict(), Field(ge=1, le=MAX_REPLAY)] = DEFAULT_REPLAY
    channel: Annotated[Channel | None, Field(description="Without it, of every channel.")] = None
    created_after: Annotated[_Time | None, Field(description="Accepted then or later.")] = None
    created_before: Annotated[_Time | None, Field(description="Accepted earlier.")] = None

    def selection(self, owner: str | None) -> Selection:
        """Which ones of the owner's are meant, whatever their number."""
        return Selection(
            owner=owner,
            channel=self.channel,
            created_after=self.created_after,
            created_before=self.created_before,
        )


class ReplayReceipt(BaseModel):
    """The notifications that are queued again."""

    replayed: Annotated[int, Field(description="How many they are.")]
    ids: Annotated[list[UUID], Field(description="In the order in which they are queued.")]
    more: Annotated[bool, Field(description="Whether there are others to replay by the same request.")]
