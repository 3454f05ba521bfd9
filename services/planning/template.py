"""Templates: text with {placeholders}, filled in strictly."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

# A doubled brace stands for the brace itself; anything else in braces must be a name.
_TOKEN = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}]*)\}|[{}]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
NAME_PATTERN = f"^{_NAME.pattern}$"

# Known to every template: the number of the notification and the time it is planned for.
RESERVED_NAMES = ("number", "planned_for")

Value = str | int | float

# So many placeholders are named in an error.
_MAX_NAMED = 5


class TemplateError(ValueError):
    """The template cannot be rendered; the text says where and why, and repeats no value."""


def check(template: str) -> None:
    """Raises TemplateError for braces that are neither a placeholder nor doubled."""
    for token in _TOKEN.finditer(template):
        name = token["name"]
        if token.group() in ("{", "}"):
            raise TemplateError(
                f"has a single {token.group()!r} at position {token.start() + 1}: "
                f"write {token.group() * 2!r} for the brace itself"
            )
        if name is not None and not _NAME.fullmatch(name):
            raise TemplateError(
                f"has no name in the braces at position {token.start() + 1}: a placeholder is a letter or _, then at "
                "most 63 letters, digits and _, such as {first_name}"
            )


def own_values(number: int, planned_for: datetime) -> dict[str, Value]:
    """The values of RESERVED_NAMES."""
    return {"number": number, "planned_for": planned_for.isoformat(timespec="seconds")}


def check_size(template: str, values: Mapping[str, Value], *, max_bytes: int) -> None:
    """Raises TemplateError if the rendered text would have more bytes in UTF-8. It is not made for that.

    The template has passed `check`. A placeholder without a value counts as nothing.
    """
    sizes = {name: len(str(value).encode()) for name, value in values.items()}
    # Placeholders and braces are ASCII: as many bytes as characters.
    size = len(template.encode())
    for token in _TOKEN.finditer(template):
        name = token["name"]
        size += (sizes.get(name, 0) if name else 1) - len(token.group())
    if size > max_bytes:
        raise TemplateError(f"is, with its values, {size} bytes long in UTF-8: at most {max_bytes}")


def render(template: str, values: Mapping[str, Value], *, max_bytes: int) -> str:
    """The template with every placeholder replaced by its value. Values are not templates: braces in them stay.

    max_bytes: of the text in UTF-8. Values as often as a template can name them are far more than memory holds.
    Raises TemplateError, also for a placeholder without a value.
    """
    check(template)
    unknown = {token["name"] for token in _TOKEN.finditer(template) if token["name"]} - values.keys()
    if unknown:
        names = _listed(f"{{{name}}}" for name in unknown)
        raise TemplateError(f"has placeholders without a value: {names}; known are: {_listed(values) or 'none'}")
    check_size(template, values, max_bytes=max_bytes)

    def replacement(token: re.Match[str]) -> str:
        name = token["name"]
        return str(values[name]) if name else token.group()[0]

    return _TOKEN.sub(replacement, template)


def _listed(names: Iterable[str]) -> str:
    ordered = sorted(names)
    more = len(ordered) - _MAX_NAMED
    return ", ".join(ordered[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
