"""Routes that nobody passes without a proof of identity, and what they know of whoever has given it."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated

from anyio import to_thread
from fastapi import Depends, Request, Response, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from services.identity.gate import KEY_HEADER, Gate
from services.identity.principal import Principal
from services.serving.app import Guard
from services.serving.json_route import JsonRoute
from services.serving.problems import documented

# They describe the two ways; the gate itself looks at the headers, before anything else is done.
_BEARER = HTTPBearer(scheme_name="bearer", description="An API key, or a token of the OIDC issuer.", auto_error=False)
_KEY = APIKeyHeader(name=KEY_HEADER, scheme_name="apiKey", description="An API key.", auto_error=False)


class AuthenticatedRoute(JsonRoute):
    """Asks the gate of the application (`app.state.gate`) before it reads the body."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]  # wider than FastAPI's Coroutine
        """The handler of the route behind the gate."""
        handle = super().get_route_handler()

        async def authenticated(request: Request) -> Response:
            gate: Gate = request.app.state.gate
            request.state.principal = await to_thread.run_sync(gate.admit, request.headers)
            return await handle(request)

        return authenticated


def guard_of(gate: Gate) -> Guard | None:
    """What the document tells of the gate; None where it asks for nothing."""
    if gate.rules is None:
        return None
    return Guard(
        schemes=(Security(_BEARER), Security(_KEY)),
        answers=documented(HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE),
    )


def _owner(request: Request) -> str | None:
    # Fails on a route that no gate guards: what is nobody's could be seen there by everybody.
    principal: Principal | None = request.state.principal
    return principal.owner if principal else None


OwnerOfRequest = Annotated[str | None, Depends(_owner)]
"""To whom belongs what the request stores, and what it may see; None where everybody may see all."""
