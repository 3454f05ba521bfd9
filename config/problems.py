"""What is wrong with a configuration, told so that a person can put it right."""

from collections.abc import Iterable
from dataclasses import dataclass

NO_VALUE = object()


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One fault: the field as a dotted path, the value it has, if any, and what is allowed instead."""

    field: str
    value: object = NO_VALUE
    allowed: str

    def __str__(self) -> str:
        """Give the fault in one line."""
        value = "" if self.value is NO_VALUE else f" = {self.value!r}"
        return f"{self.field}{value}: {self.allowed}"


class ConfigError(Exception):
    """A configuration that cannot be used; `str()` of it is the text to show."""

    def __init__(self, subject: str, problems: Iterable[Problem]) -> None:
        self.subject = subject
        self.problems = tuple(problems)
        super().__init__(subject, self.problems)

    def __str__(self) -> str:
        """Give all faults, one per line, below what they are the faults of."""
        return "\n".join([f"{self.subject}:", *(f"  {problem}" for problem in self.problems)])
