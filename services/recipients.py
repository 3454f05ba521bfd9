"""What a recipient looks like on each channel."""

import re
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from pydantic_core import PydanticCustomError

# E.164: at most 15 digits, the first is never 0. Seven is the shortest in use with a country code.
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
# Chat ids are 64-bit integers, negative for groups; usernames have 5 to 32 characters and begin with a letter.
_TELEGRAM = re.compile(r"-?[1-9][0-9]{0,18}|@[A-Za-z][A-Za-z0-9_]{4,31}")
# Of a recipient on any channel. The longest are URLs: this is what browsers, proxies and servers all still accept.
MAX_CHARACTERS = 2048
# RFC 5321: 64 characters, @, 255 characters.
_MAX_ADDRESS_CHARACTERS = 320


def _refusal(message: str, **context: str | int) -> PydanticCustomError:
    return PydanticCustomError("recipient", message, context)


def email_address(value: str) -> str:
    """An address SES can send to: its domain in ASCII form. Raises PydanticCustomError."""
    if len(value) > _MAX_ADDRESS_CHARACTERS:
        # Before anything that takes longer for longer texts.
        raise _refusal("must be an e-mail address of at most {most} characters", most=_MAX_ADDRESS_CHARACTERS)
    try:
        address = validate_email(value, check_deliverability=False, allow_smtputf8=False, allow_display_name=False)
    except EmailNotValidError as error:
        raise _refusal("must be an e-mail address such as ada@example.com: {reason}", reason=str(error)) from None
    return address.ascii_email or address.normalized


def phone_number(value: str) -> str:
    """An E.164 number. Raises PydanticCustomError."""
    if not _PHONE.fullmatch(value):
        raise _refusal("must be a phone number in E.164 form: + and 7 to 15 digits, such as +14155550123")
    return value


def webhook_url(value: str) -> str:
    """An HTTPS URL without user name, password or fragment. Raises PydanticCustomError."""
    example = "such as https://example.com/hooks/42"
    if len(value) > MAX_CHARACTERS:
        raise _refusal("must be a URL of at most {most} characters", most=MAX_CHARACTERS)
    if not value.isascii() or not value.isprintable() or " " in value:
        raise _refusal(f"must be an https URL with other characters percent-encoded, {example}")
    try:
        url = urlsplit(value)
        port = url.port
    except ValueError:
        raise _refusal(f"must be an https URL, {example}") from None
    if url.scheme != "https" or not url.hostname or port == 0:
        raise _refusal(f"must be an https URL, {example}")
    if url.username is not None or url.password is not None:
        raise _refusal("must be an https URL without user name and password")
    if url.fragment:
        raise _refusal("must be an https URL without a fragment")
    return value


def telegram_chat(value: str) -> str:
    """A numeric chat id or a public @username. Raises PydanticCustomError."""
    if not _TELEGRAM.fullmatch(value):
        raise _refusal("must be a Telegram chat id such as -1001234567890, or a public name such as @example_channel")
    return value
