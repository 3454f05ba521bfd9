"""HTTP to the servers of the embedded cloud, from the machine it runs on."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from local.settings import Settings


class UnreachableError(Exception):
    """The server did not answer, or not with JSON."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, be it success or refusal."""

    status: int
    content: bytes

    @property
    def is_success(self) -> bool:
        """Whether the server did what it was asked."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the HTTP statuses of success

    @property
    def document(self) -> Any:
        """The JSON in it; its text if that is none, and None if there is nothing at all."""
        if not self.content:
            return None
        try:
            return json.loads(self.content)
        except ValueError:
            return self.content.decode(errors="replace")


def get_json(settings: Settings, url: str, *, timeout_seconds: float = 5) -> Any:
    """The JSON that a server answers with.

    Raises:
        UnreachableError: there is no answer, it is no success, or no JSON.
    """
    answer = send(settings, url, timeout_seconds=timeout_seconds)
    if not answer.is_success:
        raise UnreachableError(f"{url} answered {answer.status}")
    try:
        return json.loads(answer.content)
    except ValueError as error:
        raise UnreachableError(f"{url} did not answer as expected: {error}") from error


def send(
    settings: Settings,
    url: str,
    *,
    method: str | None = None,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    timeout_seconds: float = 5,
) -> Answer:
    """A request: GET without a body, else POST, unless `method` says otherwise. Bytes go as they are, the rest as JSON.

    Raises:
        UnreachableError: there is no answer.
    """
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json", **(headers or {})}, method=method)  # noqa: S310
    try:
        # Neither a proxy nor another authority has a part in talking to oneself.
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(settings.ca_bundle))),
        )
        with opener.open(request, timeout=timeout_seconds) as answer:
            return Answer(answer.status, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read())
    except (OSError, HTTPException) as error:
        raise UnreachableError(f"{url} did not answer as expected: {error}") from error
