"""What a recipient looks like on each channel."""

import re
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from pydantic_core import PydanticCustomError

from services.addresses import is_public

# E.164: at most 15 digits, the first is never 0. Seven is the shortest in use with a country code.
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
# Chat ids are 64-bit integers, negative for groups; usernames have 5 to 32 characters and begin with a letter.
_TELEGRAM = re.compile(r"-?[1-9][0-9]{0,18}|@[A-Za-z][A-Za-z0-9_]{4,31}")
# Of a recipient on any channel. The longest are URLs: this is what browsers, proxies and servers all still accept.
MAX_CHARACTERS = 2048
# Letters, digits and hyphens, and the underscore that some names have all the same.
_HOST = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")
_NUMBER = re.compile(r"[0-9]+$|0[xX][0-9A-Fa-f]*$")
_HTTPS, _FREE = 443, 1024
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
        # Its texts end with parts of the value, behind a colon or in parentheses.
        reason = re.split(r": | \(", str(error), maxsplit=1)[0]
        raise _refusal("must be an e-mail address such as ada@example.com: {reason}", reason=reason) from None
    return address.ascii_email or address.normalized


def phone_number(value: str) -> str:
    """An E.164 number. Raises PydanticCustomError."""
    if not _PHONE.fullmatch(value):
        raise _refusal("must be a phone number in E.164 form: + and 7 to 15 digits, such as +14155550123")
    return value


def webhook_url(value: str) -> str:
    """An HTTPS URL without user name, password or fragment, of a host that may be outside. Raises PydanticCustomError.

    Where a name leads is looked at when it is connected to: it may lead elsewhere by then.
    """
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
    _require_outside(url.hostname, port)
    return value


def _require_outside(host: str, port: int | None) -> None:
    if port is not None and port < _FREE and port != _HTTPS:
        # Nobody serves HTTPS where mail, shells and directories are.
        raise _refusal("must be an https URL with port {https}, or {free} and above", https=_HTTPS, free=_FREE)
    if not (":" in host or _NUMBER.match(host.rstrip(".").rpartition(".")[2])):
        if not _HOST.fullmatch(host):
            raise _refusal("must be an https URL whose host is a name of letters, digits, hyphens and dots")
        return
    # What ends in a number is no name (RFC 3986, and the URL standard): decimal, octal, hexadecimal and short forms of
    # addresses are read differently by everybody, and none of them is needed.
    if not is_public(host):
        raise _refusal("must be an https URL of a host that everybody can reach, best by its name")


def telegram_chat(value: str) -> str:
    """A numeric chat id or a public @username. Raises PydanticCustomError."""
    if not _TELEGRAM.fullmatch(value):
        raise _refusal("must be a Telegram chat id such as -1001234567890, or a public name such as @example_channel")
    return value
