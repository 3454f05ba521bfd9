"""HTTP to the servers of the embedded cloud, from the machine it runs on."""

import json
import ssl
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any

from local.settings import Settings


class UnreachableError(Exception):
    """The server did not answer, or not with JSON."""


def get_json(settings: Settings, url: str, *, timeout_seconds: float = 5) -> Any:
    """The JSON that a server answers with.

    Raises:
        UnreachableError: there is no answer, it is no success, or no JSON.
    """
    status, content = send(settings, url, timeout_seconds=timeout_seconds)
    if status >= 300:  # noqa: PLR2004 - HTTP: no success
        raise UnreachableError(f"{url} answered {status}")
    return content


def send(
    settings: Settings, url: str, *, body: Any = None, headers: dict[str, str] | None = None, timeout_seconds: float = 5
) -> tuple[int, Any]:
    """GET, or POST of a body as JSON: the status and the JSON of the answer.

    Raises:
        UnreachableError: there is no answer, or no JSON in it.
    """
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json", **(headers or {})})  # noqa: S310
    try:
        # Neither a proxy nor another authority has a part in talking to oneself.
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(settings.ca_bundle))),
        )
        with opener.open(request, timeout=timeout_seconds) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _json_or_text(error.read())
    except (OSError, HTTPException, ValueError) as error:
        raise UnreachableError(f"{url} did not answer as expected: {error}") from error


def _json_or_text(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")
