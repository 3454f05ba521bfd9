"""One log line and one measurement per request, and a problem document where nothing else answered."""

import logging
import time
from http import HTTPStatus

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.logs import without_values
from services.serving import metrics, problems

logger = logging.getLogger(__name__)

# Asked for every few seconds per load balancer node and scraper: logged only when they fail.
_PROBES = ("/health", "/ready", "/metrics")


class AccessLog:
    """ASGI middleware. Logs and counts method, path, status and duration; never headers, queries or bodies.

    The status is None where the client left before there was an answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection scope."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status: int | None = None
        left = False

        async def hear() -> Message:
            nonlocal left
            message = await receive()
            left = left or message["type"] == "http.disconnect"
            return message

        async def observe(message: Message) -> None:
            nonlocal status
            # What is made of a request that was cut off (FastAPI answers 400) nobody gets to see.
            if message["type"] == "http.response.start" and not left:
                status = message["status"]
            await send(message)

        request = {"method": scope["method"], "path": scope["path"]}
        try:
            await self._app(scope, hear, observe)
        except ClientDisconnect:
            # Its own affair, and there is nobody to answer.
            pass
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
