"""What a request may look like before anything is made of it."""

from collections import Counter
from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from services.serving.problems import ProblemError, response

# A browser behind two proxies sends some thirty.
MAX_HEADERS = 100
# As h11 has it for a head that comes in parts: one that comes at once it takes whatever its size.
MAX_HEADER_BYTES = 16 * 1024
# Any of our longest paths and queries many times over.
MAX_TARGET_BYTES = 8 * 1024
# What a front end and a server behind it may each understand in another way, so that one request becomes two.
_ONCE = (b"content-length", b"host", b"transfer-encoding", b"content-type", b"idempotency-key")


class RequestLimits:
    """ASGI middleware. Refuses requests whose head is too large, or contradicts itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection scope."""
        if scope["type"] == "http" and (refusal := _refusal(scope)) is not None:
            await response(refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _refusal(scope: Scope) -> ProblemError | None:
    return _too_much(scope) or _contradictory(scope)


def _too_much(scope: Scope) -> ProblemError | None:
    headers = scope["headers"]
    if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_TARGET_BYTES:
        status = HTTPStatus.REQUEST_URI_TOO_LONG
        return ProblemError(status, f"path and query are too long: at most {MAX_TARGET_BYTES} bytes")
    if len(headers) > MAX_HEADERS or sum(len(name) + len(value) for name, value in headers) > MAX_HEADER_BYTES:
        status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        return ProblemError(status, f"too many headers: at most {MAX_HEADERS}, of {MAX_HEADER_BYTES} bytes together")
    return None


def _contradictory(scope: Scope) -> ProblemError | None:
    names = Counter(name for name, _ in scope["headers"])
    if twice := [name.decode() for name in _ONCE if names[name] > 1]:
        return ProblemError(HTTPStatus.BAD_REQUEST, f"the request has a header more than once: {', '.join(twice)}")
    if scope["path"].endswith("\n"):
        # Starlette would route it as if it ended before.
        return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "the path ends with a line break")
    if names[b"content-length"] and names[b"transfer-encoding"]:
        return ProblemError(HTTPStatus.BAD_REQUEST, "the request has both Content-Length and Transfer-Encoding")
    return None
