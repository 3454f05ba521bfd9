"""What several services ask of the fields of their requests."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict
from pydantic_core import PydanticCustomError

from services.text import portable

# A billion of the currency's units: slips are caught, and sums stay exact everywhere.
MAX_PRICE_CENTS = 10**11
MAX_QUANTITY = 1_000_000


def _line(value: str) -> str:
    if not value.strip() or value != value.strip():
        raise PydanticCustomError("line", "must have text, and no blanks before or after it")
    if not value.isprintable():
        raise PydanticCustomError("line", "must be one line without control characters")
    return portable(value)


Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_line)]
Whole = Annotated[int, Strict()]


class Document(BaseModel):
    """A request: fields that it does not know are slips."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Created(BaseModel):
    """The id of what has come into being."""

    id: UUID
