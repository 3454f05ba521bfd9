"""Resources with a wildcard that roles are allowed: each with the reason why AWS knows nothing narrower."""

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

FILE = Path(__file__).parent / "wildcards.toml"

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Condition(BaseModel):
    """What has to be so of a request, as one key of a statement's conditions says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    operator: _Text
    """IAM's comparison, such as `StringEquals`."""
    key: _Text
    values: frozenset[_Text] = Field(min_length=1)
    """Any of them will do; `${}` for what a reference leads to."""

    def lets_in(self, other: "Condition") -> bool:
        """Tell whether another one is at least as narrow: the same comparison, with none but these values."""
        return (self.operator, self.key) == (other.operator, other.key) and other.values <= self.values


class Wildcard(BaseModel):
    """A resource with a wildcard, and the actions that are allowed on it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    actions: tuple[_Text, ...] = Field(min_length=1)
    """IAM actions, in full."""
    resource: _Text
    """As a template has it; `${region}`, `${account}`, and `${}` for what a reference leads to."""
    condition: Condition | None = None
    """What narrows it; None where AWS knows nothing."""
    reason: Annotated[str, StringConstraints(min_length=20)]
    """Why nothing narrower does."""
    source: Annotated[str, StringConstraints(pattern=r"^https://docs\.aws\.amazon\.com/")]
    """AWS's page that says so."""

    def covers(self, action: str, resource: str, conditions: Iterable[Condition]) -> bool:
        """Tell whether an action on a resource under these conditions is this one."""
        return (
            action in self.actions
            and resource == self.resource
            and (self.condition is None or any(self.condition.lets_in(each) for each in conditions))
        )


@cache
def wildcards() -> tuple[Wildcard, ...]:
    """Return the list."""
    return tuple(Wildcard.model_validate(each) for each in tomllib.loads(FILE.read_text(encoding="utf-8"))["wildcard"])
