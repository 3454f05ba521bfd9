"""What requests and answers look like on the wire."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from services.messages import MAX_BODY_BYTES, Channel, Content
from services.planning import template
from services.planning.store import schedules
from services.planning.store.schedules import MAX_SHOWN, Phase, Status
from services.planning.template import NAME_PATTERN, RESERVED_NAMES, TemplateError
from services.text import portable

# A time further off is a slip, of a digit or of the unit.
_MOST_PAST, _MOST_AHEAD = timedelta(days=1), timedelta(days=3650)
_MAX_SECONDS = 365 * 24 * 3600
_MAX_COUNT = 1_000_000
_MAX_VALUES = 100
_MAX_VALUE_CHARACTERS = 10_000
# Up to here, the database keeps every digit.
_MAX_NUMBER = 10**15


def _plain(value: object) -> object:
    """Keeps what a union of types would be lenient about, or would explain once for each of them."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise PydanticCustomError("value", "must be a text or a number")
    if isinstance(value, str):
        if len(value) > _MAX_VALUE_CHARACTERS:
            raise PydanticCustomError("value", "must have at most {most} characters", {"most": _MAX_VALUE_CHARACTERS})
        return portable(value)
    if abs(value) >= _MAX_NUMBER:
        raise PydanticCustomError("value", "must be a number below 10 to the power of 15: write it as a text")
    return value


_Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
_Value = Annotated[str | int | float, BeforeValidator(_plain)]


class ScheduleRequest(Content):
    """What to send to whom, and when: at `send_at`, or every `every_seconds` from now or from `send_at` on.

    Subject and body are templates: {name} stands for a value, {{ and }} for braces. Beside the values given here,
    {number} is the number of the notification, from 1, and {planned_for} its time.
    """

    values: Annotated[dict[_Name, _Value], Field(max_length=_MAX_VALUES, default_factory=dict)]
    send_at: Annotated[
        AwareDatetime | None, Field(description="With its offset from UTC; a time that has passed means at once.")
    ] = None
    every_seconds: Annotated[int, Strict(), Field(ge=1, le=_MAX_SECONDS)] | None = None
    count: Annotated[
        Annotated[int, Strict(), Field(ge=1, le=_MAX_COUNT)] | None,
        Field(description="How many times; without it, until the schedule is deleted."),
    ] = None

    @field_validator("subject", "body")
    @classmethod
    def _is_a_template(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                template.check(value)
            except TemplateError as error:
                raise PydanticCustomError("template", "{reason}", {"reason": str(error)}) from None
        return value

    @field_validator("values")
    @classmethod
    def _names_are_free(cls, value: dict[str, template.Value]) -> dict[str, template.Value]:
        if taken := sorted(value.keys() & set(RESERVED_NAMES)):
            raise PydanticCustomError(
                "values", "must leave {names} alone: every template has it by itself", {"names": ", ".join(taken)}
            )
        return value

    @field_validator("send_at")
    @classmethod
    def _is_near(cls, value: datetime | None) -> datetime | None:
        now = datetime.now(UTC)
        if value is not None and not now - _MOST_PAST <= value <= now + _MOST_AHEAD:
            raise PydanticCustomError("send_at", "must be at most one day ago and at most 10 years ahead")
        return value

    @field_validator("count")
    @classmethod
    def _counts_repetitions(cls, value: int | None, info: ValidationInfo) -> int | None:
        # Absent when it was refused itself: that is then the only thing worth saying.
        if value is not None and info.data.get("every_seconds", 1) is None:
            raise PydanticCustomError("count", "needs every_seconds: without it there is one time only")
        return value

    @model_validator(mode="after")
    def _has_a_time(self) -> Self:
        if self.send_at is None and self.every_seconds is None:
            raise PydanticCustomError("time", "must have send_at for one time, every_seconds for many, or both")
        return self

    @model_validator(mode="after")
    def _stays_short_enough(self) -> Self:
        # The first notification's own values are among the shortest: what does not fit with them never does.
        values = {**self.values, **template.own_values(1, self.send_at or datetime.now(UTC))}
        faults = []
        for field, text in (("subject", self.subject), ("body", self.body)):
            try:
                template.check_size(text or "", values, max_bytes=MAX_BODY_BYTES)
            except TemplateError as error:
                kind = PydanticCustomError("template", "{reason}", {"reason": str(error)})
                # The text itself stays out of the error.
                faults.append(InitErrorDetails(type=kind, loc=(field,), input=None))
        if faults:
            raise ValidationError.from_exception_data(type(self).__name__, faults)
        return self

    def named(self, schedule_id: UUID) -> schedules.NewSchedule:
        """The schedule to be stored."""
        return schedules.NewSchedule(id=schedule_id, **dict(self))


class Receipt(BaseModel):
    """The schedule was taken in and will be carried out."""

    id: UUID


class NotificationView(BaseModel):
    """One time of a schedule, and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: Annotated[int, Field(description="From 1, with gaps where times were skipped.")]
    status: Status
    planned_for: datetime
    attempts: Annotated[int, Field(description="Attempts at delivery so far.")]
    last_error: Annotated[str | None, Field(description="Why it failed, or the last attempt did.")]
    sent_at: datetime | None


class ScheduleView(BaseModel):
    """A schedule, without its template, and its notifications."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    channel: Channel
    recipient: str
    status: Annotated[Phase, Field(validation_alias="phase")]
    every_seconds: int | None
    count: int | None
    skipped: Annotated[int, Field(description="Times that were missed during an outage and not caught up.")]
    next_at: Annotated[datetime | None, Field(description="When the next notification is planned for.")]
    created_at: datetime
    notifications: Annotated[
        list[NotificationView], Field(description=f"The latest {MAX_SHOWN}, the newest first.")
    ] = []

    @classmethod
    def of(cls, schedule: schedules.Schedule, notifications: Sequence[schedules.Notification]) -> Self:
        """The view of a stored schedule."""
        shown = [NotificationView.model_validate(each) for each in notifications]
        return cls.model_validate(schedule).model_copy(update={"notifications": shown})
