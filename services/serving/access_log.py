"""One log line and one measurement per request, and a problem document where nothing else answered."""

import logging
import time
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.logs import without_values
from services.serving import metrics, problems

logger = logging.getLogger(__name__)

# Asked for every few seconds per load balancer node and scraper: logged only when they fail.
_PROBES = ("/health", "/ready", "/metrics")


class AccessLog:
    """ASGI middleware. Logs and counts method, path, status and duration; never headers, queries or bodies."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection scope."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status: int | None = None

        async def observe(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        request = {"method": scope["method"], "path": scope["path"]}
        try:
            await self._app(scope, receive, observe)
        except Exception as error:
            # Logged here without its message, which can quote the request; further up it would be logged with it.
            logger.error("unexpected error", extra={**request, **without_values(error)})  # noqa: TRY400
            if status is not None:
                raise
            answer = problems.response(
                problems.ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "an unexpected error; it has been logged")
            )
            await answer(scope, receive, observe)
        finally:
            seconds = time.perf_counter() - started
            metrics.observe_request(scope, status, seconds)
            level = logging.DEBUG if scope["path"].endswith(_PROBES) and status == HTTPStatus.OK else logging.INFO
            logger.log(level, "request", extra={**request, "status": status, "duration_ms": round(seconds * 1000, 1)})
