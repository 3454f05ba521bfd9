"""What is acknowledged: findings that stay, each with what protects instead and why.

A file of `acknowledged/` is about one subject:

    subject = "The load balancer"

    [[acknowledged]]
    rules = ["AwsSolutions-EC23"]
    at = ["Api/LoadBalancer/SecurityGroup"]
    in = ["*"]
    control = "…"
    reason = "…"
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from assembly.errors import InputError

FOLDER = Path(__file__).parent / "acknowledged"


def _is_narrow(pattern: str) -> str:
    if not pattern.replace("*", "").replace("/", ""):
        raise ValueError("stands for everything; name a construct, such as Queue/Notifications/*")
    return pattern


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Pattern = Annotated[Text, AfterValidator(_is_narrow)]


class Acknowledgment(BaseModel):
    """Findings that stay for one reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[Text, ...] = Field(min_length=1)
    """Names of rules, in full."""
    at: tuple[Pattern, ...] = Field(min_length=1)
    """Construct paths; `*` stands for any one id of a path, or a part of it, and `**` for any number of them."""
    environments: tuple[Text, ...] = Field(min_length=1, alias="in")
    """Such as `notifications/dev`, `notifications/*`, `*/prod` or `*`."""
    control: Text
    """What protects instead."""
    reason: Text
    """Why the finding stays."""

    def covers(self, rule: str, path: str, environment: str) -> bool:
        """Tell whether a finding is among these."""
        return (
            rule in self.rules
            and any(is_at(path, pattern) for pattern in self.at)
            and any(is_in(environment, pattern) for pattern in self.environments)
        )


class Subject(BaseModel):
    """What one file is about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: Text
    """For a heading."""
    acknowledged: tuple[Acknowledgment, ...]


def is_at(path: str, pattern: str) -> bool:
    """Tell whether a construct path is one of a pattern's."""
    return _expression(pattern).fullmatch(path) is not None


def is_in(environment: str, pattern: str) -> bool:
    """Tell whether an environment such as `notifications/dev` is one of a pattern's."""
    return pattern == "*" or _expression(pattern).fullmatch(environment) is not None


def read_subjects(folder: Path = FOLDER) -> tuple[Subject, ...]:
    """Read all files of a folder.

    Raises:
        InputError: one of them is wrong; every fault of it in a line.
    """
    return tuple(_read(path) for path in sorted(folder.glob("*.toml")))


def every(subjects: Iterable[Subject]) -> list[Acknowledgment]:
    """Return the acknowledgments of all subjects."""
    return [each for subject in subjects for each in subject.acknowledged]


def _read(path: Path) -> Subject:
    try:
        document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return Subject.model_validate(document)
    except ValidationError as error:
        faults = [f"{path.name}: {_place(each['loc'])}: {each['msg']}" for each in error.errors()]
        raise InputError("\n".join(faults)) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name} is no TOML: {error}") from None


def _place(location: Sequence[str | int]) -> str:
    return "".join(f"[{each + 1}]" if isinstance(each, int) else f".{each}" for each in location).lstrip(".")


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*|\*)", pattern)
    return re.compile("".join({"**": ".*", "*": "[^/]*"}.get(part, re.escape(part)) for part in parts))
