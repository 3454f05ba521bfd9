"""Takes the deliveries that leave the cloud: webhooks, and messages to the Telegram Bot API.

`POST /webhook/<anything>` and `POST /bot<token>/sendMessage` are kept (the last thousand, in memory) and listed by
`GET /received?channel=webhook|telegram&after=<number>` as JSON and by `GET /` for people. Faults can be asked for:

- `/webhook/status/<code>` always answers with that status;
- `/webhook/fail-first/<n>/<key>` answers 503 to the first n requests with that key, and 200 from then on;
- the Telegram chats `0` and `-404` do not exist;
- `POST /weather` makes whole channels slow or refuse a share of the deliveries (see `receiver_weather`).

Run by `up` as `python -m local.receiver`.
"""

import argparse
import asyncio
import json
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from local.ports import LOOPBACK
from local.receiver_page import render
from local.receiver_weather import Forecast
from local.settings import Settings, port_number

KEPT_DELIVERIES = 1000
BODY_LIMIT_BYTES = 1024 * 1024
# The Bot API's limit for a message's text.
TELEGRAM_TEXT_LIMIT = 4096
# An empty one is the number 0.
UNKNOWN_CHATS = frozenset({"", "0", "-404"})
CHANNELS = ("webhook", "telegram")
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One request to a webhook or to the Bot API."""

    number: int
    """Counts up from 1 over all deliveries."""
    channel: str
    received_at: float
    """Seconds since the epoch."""
    recipient: str
    """The webhook's path, or the Telegram chat."""
    headers: Mapping[str, str]
    body: Any
    """As parsed from JSON or a form; text when it is neither."""
    status: int
    """What was answered; below 300 means that the delivery was accepted."""


@dataclass(slots=True)
class Inbox:
    """What was received, bounded."""

    deliveries: deque[Delivery] = field(default_factory=lambda: deque(maxlen=KEPT_DELIVERIES))
    _count: int = 0
    _attempts: OrderedDict[str, int] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, request: Request, *, channel: str, recipient: str, body: Any, status: int) -> Delivery:
        """Keep a delivery."""
        headers = {name: value for name, value in request.headers.items() if name not in _SECRET_HEADERS}
        with self._lock:
            self._count += 1
            delivery = Delivery(
                number=self._count,
                channel=channel,
                received_at=time.time(),
                recipient=recipient,
                headers=headers,
                body=body,
                status=status,
            )
            self.deliveries.append(delivery)
        return delivery

    def attempt(self, key: str) -> int:
        """How many requests with this key there have been, this one included."""
        with self._lock:
            self._attempts[key] = self._attempts.pop(key, 0) + 1
            if len(self._attempts) > KEPT_DELIVERIES:
                self._attempts.popitem(last=False)
            return self._attempts[key]


def create_app(settings: Settings) -> Starlette:
    """The receiver as an ASGI application; `settings` say where to look for e-mail and SMS."""
    app = Starlette(
        routes=[
            Route("/", _page),
            Route("/health", _health),
            Route("/received", _received),
            Route("/weather", _weather, methods=["POST"]),
            Route("/webhook/{path:path}", _webhook, methods=["POST"]),
            Route("/bot{token:path}/sendMessage", _telegram, methods=["POST"]),
        ]
    )
    app.state.inbox = Inbox()
    app.state.forecast = Forecast()
    app.state.settings = settings
    return app


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


def _page(request: Request) -> Response:
    """For people; not a coroutine, as it waits for the emulator (Starlette runs it in a thread)."""
    page = render(request.app.state.settings, list(request.app.state.inbox.deliveries))
    # It shows what strangers sent: nothing in it may run or be loaded.
    return HTMLResponse(page, headers={"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"})


async def _received(request: Request) -> Response:
    channel = request.query_params.get("channel")
    if channel is not None and channel not in CHANNELS:
        raise HTTPException(400, f"channel {channel!r} is unknown; allowed: {', '.join(CHANNELS)}")
    after = request.query_params.get("after", "0")
    if not (after.isascii() and after.isdigit()):
        raise HTTPException(400, f"after {after!r} is no delivery's number")
    deliveries = list(request.app.state.inbox.deliveries)
    return JSONResponse(
        [asdict(each) for each in deliveries if channel in (None, each.channel) and each.number > int(after)]
    )


async def _weather(request: Request) -> Response:
    try:
        request.app.state.forecast.change(json.loads(await _limited_body(request)), CHANNELS)
    except ValueError as error:
        raise HTTPException(400, str(error)) from None
    return JSONResponse({"status": "ok"})


async def _refusal(request: Request, channel: str) -> int | None:
    """The status that a delivery is refused with for want of fair weather, after the time that it takes."""
    forecast: Forecast = request.app.state.forecast
    delay_seconds, status = forecast.of(channel)
    if delay_seconds:
        await asyncio.sleep(delay_seconds)
    return status


async def _webhook(request: Request) -> Response:
    path: str = request.path_params["path"]
    inbox: Inbox = request.app.state.inbox
    body = _parsed(await _limited_body(request), request.headers.get("content-type", ""))
    match path.split("/"):
        case ["status", code] if code.isdigit() and 200 <= int(code) <= 599:  # noqa: PLR2004 - what a server may answer
            status = int(code)
        case ["fail-first", count, key] if count.isdigit() and key:
            status = 503 if inbox.attempt(key) <= int(count) else 200
        case ["status" | "fail-first", *_]:
            raise HTTPException(404, "write /webhook/status/<200-599> or /webhook/fail-first/<n>/<key>")
        case _:
            status = 200
    if 200 <= status < 300:  # noqa: PLR2004 - the statuses of success
        status = await _refusal(request, "webhook") or status
    delivery = inbox.take(request, channel="webhook", recipient=f"/webhook/{path}", body=body, status=status)
    return JSONResponse({"number": delivery.number}, status_code=status)


async def _telegram(request: Request) -> Response:
    """`sendMessage` of the Bot API: https://core.telegram.org/bots/api#sendmessage."""
    body = _parsed(await _limited_body(request), request.headers.get("content-type", ""))
    fields = body if isinstance(body, dict) else {}
    chat, text = str(fields.get("chat_id") or ""), str(fields.get("text") or "")
    status, description = 200, ""
    if not request.path_params["token"].strip("/"):
        status, description = 404, "Not Found"
    elif not chat and fields.get("chat_id") != 0:
        status, description = 400, "Bad Request: chat_id is empty"
    elif chat in UNKNOWN_CHATS:
        status, description = 400, "Bad Request: chat not found"
    elif not text.strip():
        status, description = 400, "Bad Request: message text is empty"
    elif len(text) > TELEGRAM_TEXT_LIMIT:
        status, description = 400, "Bad Request: message is too long"
    elif refused := await _refusal(request, "telegram"):
        status, description = refused, HTTPStatus(refused).phrase
    delivery = request.app.state.inbox.take(request, channel="telegram", recipient=chat, body=body, status=status)
    if description:
        return JSONResponse({"ok": False, "error_code": status, "description": description}, status_code=status)
    message = {"message_id": delivery.number, "date": int(delivery.received_at), "chat": {"id": chat}, "text": text}
    return JSONResponse({"ok": True, "result": message})


async def _limited_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT_BYTES:
            raise HTTPException(413, f"a body may have {BODY_LIMIT_BYTES} bytes")
    return bytes(body)


def _parsed(body: bytes, content_type: str) -> Any:
    text = body.decode(errors="replace")
    if content_type.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(text))
    try:
        return json.loads(text)
    except ValueError:
        return text


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m local.receiver", description="Takes webhooks and Telegram messages."
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder with ca/, as `up` makes it")
    parser.add_argument("--port", type=port_number, required=True, help="port to listen on")
    parser.add_argument("--cloud-port", type=port_number, required=True, help="port of the cloud, for e-mail and SMS")
    given = parser.parse_args()
    settings = Settings(directory=given.data.absolute(), port=given.cloud_port, receiver_port=given.port)
    uvicorn.run(
        create_app(settings),
        host=LOOPBACK,
        port=given.port,
        ssl_certfile=str(settings.certificate),
        ssl_keyfile=str(settings.certificate_key),
        log_level="warning",
        timeout_graceful_shutdown=2,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
