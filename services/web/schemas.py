"""What requests and answers look like on the wire."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.text import portable, single_line
from services.web import store

MAX_PAGE = 100
# What fits into a request also when every character of it is escaped as JSON at its longest.
MAX_BODY_BYTES = 128 * 1024
# The path that ends in it answers with the health of the process.
_RESERVED = {"health"}


def _not_reserved(slug: str) -> str:
    if slug in _RESERVED:
        raise PydanticCustomError("slug", "is reserved: take another one")
    return slug


def _bounded(body: str) -> str:
    if (size := len(body.encode())) > MAX_BODY_BYTES:
        raise PydanticCustomError(
            "body", "is {size} bytes long in UTF-8: at most {most}", {"size": size, "most": MAX_BODY_BYTES}
        )
    return body


Slug = Annotated[
    str,
    StringConstraints(max_length=100, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$"),
    AfterValidator(_not_reserved),
]


class Content(BaseModel):
    """What a page says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=256),
        AfterValidator(portable),
        AfterValidator(single_line),
    ]
    body: Annotated[
        str,
        AfterValidator(portable),
        AfterValidator(_bounded),
        Field(description=f"At most {MAX_BODY_BYTES} bytes in UTF-8."),
    ]


class SummaryView(BaseModel):
    """A page without its body."""

    model_config = ConfigDict(from_attributes=True)

    slug: str
    title: str
    version: Annotated[int, Field(description="How often the page was written.")]
    created_at: datetime
    updated_at: datetime


class PageView(SummaryView):
    """A page."""

    body: str


class Listing(BaseModel):
    """The parameters of the list."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 20
    cursor: Slug | None = None


class Pages(BaseModel):
    """Some pages, by their slug."""

    items: list[SummaryView]
    next_cursor: Annotated[str | None, Field(description="Passed as `cursor`, gives the next page of the list.")] = None

    @classmethod
    def of(cls, found: list[store.Summary], limit: int) -> Self:
        """At most `limit` pages; one more than that in `found` means that others follow."""
        shown = found[:limit]
        return cls(
            items=[SummaryView.model_validate(each) for each in shown],
            next_cursor=shown[-1].slug if len(found) > limit else None,
        )
