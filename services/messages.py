"""The one schema of a notification: what clients post, what the queue carries and what the worker delivers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from services import recipients
from services.text import excerpt, portable, single_line

# Escaped as JSON a body at most doubles (quotes, backslashes, line breaks), so that a message with every field at
# its limit stays under the 1 MiB that SQS accepts.
MAX_BODY_BYTES = 256 * 1024
# A subject becomes a header line, which mail servers accept up to 998 characters; people read far fewer.
MAX_SUBJECT_CHARACTERS = 256
# How many faults are told one by one, and how much of a field's name, which a request may make up.
_MAX_FAULTS = 20
_MAX_FIELD_CHARACTERS = 100


class Channel(StrEnum):
    """How a notification reaches its recipient."""

    EMAIL = "email"
    SMS = "sms"
    WEBHOOK = "webhook"
    TELEGRAM = "telegram"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rule:
    recipient: Callable[[str], str]
    max_characters: int | None = None
    """Most characters of subject and body as one text."""


_RULES = {
    Channel.EMAIL: _Rule(recipient=recipients.email_address),
    # The most that SNS takes for one message, which it sends in parts.
    Channel.SMS: _Rule(recipient=recipients.phone_number, max_characters=1600),
    Channel.WEBHOOK: _Rule(recipient=recipients.webhook_url),
    # sendMessage in the Bot API.
    Channel.TELEGRAM: _Rule(recipient=recipients.telegram_chat, max_characters=4096),
}

_Text = Annotated[str, AfterValidator(portable)]


class Content(BaseModel):
    """What is to be said to whom."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # First, because the others are judged by it.
    channel: Channel
    # The length before the rest, which takes longer the longer a text is.
    recipient: Annotated[
        str,
        Field(max_length=recipients.MAX_CHARACTERS, examples=["ada@example.com"]),
        AfterValidator(portable),
    ]
    subject: (
        Annotated[_Text, Field(min_length=1, max_length=MAX_SUBJECT_CHARACTERS), AfterValidator(single_line)] | None
    ) = None
    body: Annotated[_Text, Field(description=f"At most {MAX_BODY_BYTES} bytes in UTF-8.")]

    @field_validator("recipient")
    @classmethod
    def _recipient_fits_channel(cls, value: str, info: ValidationInfo) -> str:
        rule = _rule(info)
        return rule.recipient(value) if rule else value

    @field_validator("body")
    @classmethod
    def _body_fits_channel(cls, value: str, info: ValidationInfo) -> str:
        if not value.strip():
            raise PydanticCustomError("body", "must not be blank")
        if (size := len(value.encode())) > MAX_BODY_BYTES:
            raise PydanticCustomError(
                "body", "is {size} bytes long in UTF-8: at most {most}", {"size": size, "most": MAX_BODY_BYTES}
            )
        rule = _rule(info)
        size = len(_one_text(info.data.get("subject"), value))
        if rule and rule.max_characters and size > rule.max_characters:
            raise PydanticCustomError(
                "body",
                "is, with the subject, {size} characters long: channel {channel} takes at most {most}",
                {"size": size, "channel": info.data["channel"].value, "most": rule.max_characters},
            )
        return value

    @property
    def text(self) -> str:
        """Subject and body in one, for channels that know no subject: it becomes the first line."""
        return _one_text(self.subject, self.body)


def _one_text(subject: str | None, body: str) -> str:
    return f"{subject}\n{body}" if subject else body


def _rule(info: ValidationInfo) -> _Rule | None:
    # Absent when the channel itself was refused: that is then the only thing worth saying.
    channel = info.data.get("channel")
    return _RULES[channel] if channel else None


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field; never holds the field's value."""

    field: str
    message: str


def field_errors(error: ValidationError) -> list[FieldError]:
    """The faults by field, in the model's order; `message` stands for the whole where no field is to blame.

    Of more than _MAX_FAULTS, the rest is only counted.
    """
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    told = [FieldError(_field_name(fault["loc"]) or "message", fault["msg"]) for fault in faults[:_MAX_FAULTS]]
    if rest := len(faults) - len(told):
        told.append(FieldError("message", f"further faults: {rest}"))
    return told


def _field_name(location: Sequence[str | int]) -> str:
    """Where a fault is, as a path of names and positions from the outermost one inwards; shortened if it is long."""
    return excerpt(".".join(str(part) for part in location), _MAX_FIELD_CHARACTERS)


class MalformedMessageError(ValueError):
    """A queue message that no retry will make valid. Its text gives the reason and repeats nothing of the body."""


class Message(Content):
    """A notification on the queue: self-contained, so that any producer may send one.

    The identifier is the producer's; sending one twice asks for one delivery.
    """

    id: UUID

    def to_json(self) -> str:
        """The form on the queue. Only characters that SQS accepts occur in it."""
        return self.model_dump_json(exclude_none=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises MalformedMessageError."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            reasons = (f"{fault.field}: {fault.message}" for fault in field_errors(error))
            raise MalformedMessageError("; ".join(reasons)) from None
