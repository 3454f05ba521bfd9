"""Templates: text with {placeholders}, filled in strictly."""

import re
from collections.abc import Mapping

# A doubled brace stands for the brace itself; anything else in braces must be a name.
_TOKEN = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}]*)\}|[{}]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
NAME_PATTERN = f"^{_NAME.pattern}$"

# Known to every template: the number of the notification and the time it is planned for.
RESERVED_NAMES = ("number", "planned_for")

Value = str | int | float


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


def render(template: str, values: Mapping[str, Value]) -> str:
    """The template with every placeholder replaced by its value. Values are not templates: braces in them stay.

    Raises TemplateError, also for a placeholder without a value.
    """
    check(template)
    unknown = sorted({token["name"] for token in _TOKEN.finditer(template) if token["name"]} - values.keys())
    if unknown:
        names = ", ".join(f"{{{name}}}" for name in unknown)
        known = ", ".join(sorted(values)) or "none"
        raise TemplateError(f"has placeholders without a value: {names}; known are: {known}")

    def replacement(token: re.Match[str]) -> str:
        name = token["name"]
        return str(values[name]) if name else token.group()[0]

    return _TOKEN.sub(replacement, template)
