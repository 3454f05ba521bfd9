"""What is wrong with a configuration, told so that a person can put it right."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

NO_VALUE = object()
_LONGEST_VALUE = 300
_LONGEST_LINE = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One fault: the field as a dotted path, the value it has, if any, and what is allowed instead."""

    field: str
    value: object = NO_VALUE
    allowed: str
    is_range: bool = False
    """Whether only the field's own range is told, which a rule may narrow."""

    def __str__(self) -> str:
        """Give the fault in one line."""
        value = "" if self.value is NO_VALUE else f" = {as_written(self.value)}"
        line = f"{self.field}{value}: {self.allowed}"
        return "".join(map(_printed, line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…"))


class ConfigError(Exception):
    """A configuration that cannot be used; `str()` of it is the text to show."""

    def __init__(self, subject: str, problems: Iterable[Problem]) -> None:
        self.subject = subject
        self.problems = tuple(problems)
        super().__init__(subject, self.problems)

    def __str__(self) -> str:
        """Give all faults, one per line, below what they are the faults of."""
        return "\n".join([f"{self.subject}:", *(f"  {problem}" for problem in self.problems)])


def as_written(value: object) -> str:
    """Return a value as Python writes it, cut short where it is long; its type where it cannot be written."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  # whatever a person's object raises, or Python of a number of a mile's length
        return f"<{type(value).__name__}>"
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _printed(character: str) -> str:
    """Return a character, or its escape where it would break the line."""
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def close_to(value: object, allowed: Iterable[str]) -> str:
    """Return a hint at the allowed text that is closest to a value, to be put behind the list of them; may be empty."""
    found = get_close_matches(str(value), list(allowed), n=1)
    return f" (nearest: {found[0]})" if found else ""
