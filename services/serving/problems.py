"""Every answer of 400 and above is a problem document (RFC 9457) that names the fields at fault."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException

from services.logs import described
from services.serving.dependency import Dependency
from services.serving.methods import allowed
from services.text import excerpt

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_REFERENCE = "#/components/schemas/{model}"
# Long enough for a failover to end, short enough for a person to wait.
RETRY_AFTER_SECONDS = 5
# How many faults are told one by one, and how much of what a request may have made up itself.
_MAX_FAULTS = 20
_MAX_FIELD_CHARACTERS = 100
_MAX_MESSAGE_CHARACTERS = 1000


class FieldProblem(BaseModel):
    """One fault of the request."""

    field: str = Field(description="A field of the body, a parameter or a header.", examples=["recipient"])
    message: str


class Problem(BaseModel):
    """What went wrong."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []


class ProblemError(HTTPException):
    """Raised by a handler to answer with a problem document."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        errors: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, headers=headers)
        self.errors = [FieldProblem(field=field, message=message) for field, message in (errors or {}).items()]


def unavailable(detail: str, *failing: str) -> ProblemError:
    """The answer while something is away that the request needs."""
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{detail}; try again in {RETRY_AFTER_SECONDS} seconds",
        errors=dict.fromkeys(failing, "is not available"),
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def response(error: HTTPException) -> JSONResponse:
    """The problem document of an error."""
    problem = Problem(
        title=HTTPStatus(error.status_code).phrase,
        status=error.status_code,
        detail=error.detail,
        errors=error.errors if isinstance(error, ProblemError) else [],
    )
    return JSONResponse(problem.model_dump(), error.status_code, headers=error.headers, media_type=MEDIA_TYPE)


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """The problem responses of an operation, for its OpenAPI description."""
    reference = {"schema": {"$ref": _REFERENCE.format(model=Problem.__name__)}}
    return {status.value: {"description": status.phrase, "content": {MEDIA_TYPE: reference}} for status in statuses}


def install(app: FastAPI, dependencies: Iterable[Dependency], routers: Sequence[APIRouter]) -> None:
    """Makes the app, with its routers, answer every error with a problem document, and its OpenAPI describe one."""

    async def http_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101  # tells the type checker what is registered below
        answer = response(error)
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and (methods := allowed(routers, request.url.path)):
            answer.headers["Allow"] = methods
        return answer

    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    for dependency in dependencies:
        handler = _handler(dependency.name)
        for kind in dependency.errors:
            app.add_exception_handler(kind, handler)
    without_problems = app.openapi

    def openapi() -> dict[str, Any]:
        document = without_problems()
        _, schemas = models_json_schema([(Problem, "serialization")], ref_template=_REFERENCE)
        document.setdefault("components", {}).setdefault("schemas", {}).update(schemas["$defs"])
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


async def _invalid_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    all_faults = error.errors()
    told = all_faults[:_MAX_FAULTS]
    faults = {_field(fault["loc"]): excerpt(str(fault["msg"]), _MAX_MESSAGE_CHARACTERS) for fault in told}
    rest = f"; further faults: {len(all_faults) - len(told)}" if len(all_faults) > len(told) else ""
    return response(
        ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"the request is not valid: see {', '.join(faults)}{rest}", errors=faults
        )
    )


def _field(location: tuple[str | int, ...]) -> str:
    # The first part says where the field stood: body, query, path or header.
    return excerpt(".".join(str(part) for part in location[1:]), _MAX_FIELD_CHARACTERS) or "(request body)"


def _handler(dependency: str) -> Callable[[Request, Exception], Awaitable[JSONResponse]]:
    async def unavailable_error(request: Request, error: Exception) -> JSONResponse:
        about = {"dependency": dependency, "path": request.url.path, **described(error)}
        logger.error("a dependency is not available", extra=about)
        return response(unavailable(f"the {dependency} is not available", dependency))

    return unavailable_error
