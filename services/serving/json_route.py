"""Routes whose body is JSON in the strict sense: the right content type, UTF-8, no NaN, bounded in every respect."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic_core import from_json

from services.serving.content_type import ContentType
from services.serving.problems import ProblemError
from services.text import excerpt

MAX_REQUEST_BYTES = 1024 * 1024
# Of all objects in a body, however deep. Far more than any operation knows: each one that it does not know would be a
# fault of its own, and all of them together keep the event loop busy for long.
_MAX_FIELDS = 1000
# What is told of a header that may be long, and hold anything.
_MAX_SHOWN_CHARACTERS = 100


async def bounded_body(request: Request, most_bytes: int) -> bytes:
    """The body of a request, read no further than its limit. Raises ProblemError (413) beyond it."""
    declared = request.headers.get("content-length", "0")
    _require_size(int(declared) if declared.isdecimal() else 0, most_bytes)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        _require_size(size, most_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


class _StrictRequest(Request):
    async def body(self) -> bytes:
        """The body. Raises ProblemError."""
        if not hasattr(self, "_bounded_body"):
            self._bounded_body = await bounded_body(self, MAX_REQUEST_BYTES)
        return self._bounded_body

    async def json(self) -> Any:
        """The body, parsed. Raises ProblemError."""
        try:
            content = from_json(await self.body(), allow_inf_nan=False)
        except ValueError as error:
            raise ProblemError(
                HTTPStatus.BAD_REQUEST, "the body is not valid JSON", errors={"(request body)": str(error)}
            ) from None
        if _has_too_many_fields(content):
            raise ProblemError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "the request is not valid: it has too many fields",
                errors={
                    "(request body)": f"must have at most {_MAX_FIELDS} fields, those of objects within it among them"
                },
            )
        return content


class JsonRoute(APIRoute):
    """Answers anything but JSON with 415 or 400 before it is looked at."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]  # wider than FastAPI's Coroutine
        """The handler of the route behind these checks."""
        handle = super().get_route_handler()
        takes_body = self.body_field is not None

        async def strict(request: Request) -> Response:
            if takes_body:
                _require_json(request.headers.get("content-type", ""))
            return await handle(_StrictRequest(request.scope, request.receive))

        return strict


def _has_too_many_fields(content: Any) -> bool:
    fields, within = 0, [content]
    while within:
        each = within.pop()
        if isinstance(each, dict):
            fields += len(each)
            if fields > _MAX_FIELDS:
                return True
            each = each.values()
        elif not isinstance(each, list):
            continue
        within += [part for part in each if isinstance(part, dict | list)]
    return False


def _require_size(size: int, most_bytes: int) -> None:
    if size > most_bytes:
        raise ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"the request is larger than {most_bytes} bytes",
            errors={"(request body)": f"must have at most {most_bytes} bytes"},
        )


def _require_json(content_type: str) -> None:
    parsed = ContentType.parsed(content_type)
    if parsed is None or parsed.media_type != "application/json" or parsed.charset not in (None, "utf-8"):
        shown = excerpt(content_type, _MAX_SHOWN_CHARACTERS)
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "the body must be sent as application/json in UTF-8",
            errors={"Content-Type": f"is {shown!r}: must be application/json" if content_type else "is missing"},
        )
