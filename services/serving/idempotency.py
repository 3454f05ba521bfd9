"""The client's own name for what it posts, so that it may post again when an answer was lost."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Header

from services.serving.problems import ProblemError

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="The client's own name for what it posts. The same key, with the same content, gives the first "
        "again.",
    ),
]


def key_reused(thing: str) -> ProblemError:
    """The answer to a key that was used before, with another content. thing: what is posted, in one word."""
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"the idempotency key stands for another {thing}",
        errors={"Idempotency-Key": "was used with another content: send a new key, or the first content again"},
    )
