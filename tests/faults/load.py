"""A steady load of notifications with known texts, from a client that does what the API's documents tell it to."""

import http.client
import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

from local.settings import Settings

_THREADS = 8
_REQUEST_SECONDS = 15
_PAUSE_SECONDS = 0.25
# Answers that say to come back, beside those of 500 and above.
_AGAIN = frozenset({HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class Order:
    """One notification to be sent. text: occurs in nothing else, and serves as idempotency key."""

    text: str
    channel: str
    recipient: str

    @property
    def body(self) -> bytes:
        """As the API takes it."""
        return json.dumps({"channel": self.channel, "recipient": self.recipient, "body": self.text}).encode()


@dataclass(slots=True)
class Sent:
    """What became of a load."""

    accepted: dict[str, str] = field(default_factory=dict)
    """The notification's id by the order's text: a 202 was answered."""
    refused: dict[str, str] = field(default_factory=dict)
    """Why, by the order's text: another attempt would not have helped."""
    unanswered: set[str] = field(default_factory=set)
    """Given up when the time was over."""
    troubles: Counter[str] = field(default_factory=Counter)
    """Attempts that were made again, by what had come of them."""
    contradictions: list[str] = field(default_factory=list)
    """Orders that were given two ids."""
    seconds: float = 0.0


def is_to_come_again(status: int | None) -> bool:
    """Whether an answer says to come back, as no answer does."""
    return status is None or status in _AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR


class Load:
    """Sends orders at a steady pace, and repeats those that fail with the same key until they are accepted."""

    def __init__(self, settings: Settings, api_url: str, authorization: Mapping[str, str]) -> None:
        parts = urlsplit(api_url)
        self._netloc = parts.netloc
        self._path = f"{parts.path}/notifications"
        self._authorization = authorization
        self._context = ssl.create_default_context(cafile=str(settings.ca_bundle))

    def send(self, orders: Sequence[Order], *, per_second: float, until: float) -> Sent:
        """Send all; attempts end at `until`, on the clock of time.monotonic."""
        sent = Sent()
        guard = threading.Lock()
        started = time.monotonic()
        positions = iter(range(len(orders)))

        def work() -> None:
            client = _Client(self._netloc, self._context)
            while True:
                with guard:
                    position = next(positions, None)
                if position is None:
                    client.close()
                    return
                time.sleep(max(started + position / per_second - time.monotonic(), 0))
                self._insist(client, orders[position], sent, guard, until)

        with ThreadPoolExecutor(_THREADS, thread_name_prefix="load") as executor:
            for future in [executor.submit(work) for _ in range(_THREADS)]:
                future.result()
        sent.seconds = time.monotonic() - started
        return sent

    def _insist(self, client: "_Client", order: Order, sent: Sent, guard: threading.Lock, until: float) -> None:
        headers = {"content-type": "application/json", "idempotency-key": order.text, **self._authorization}
        while True:
            status, document = client.post(self._path, order.body, headers)
            with guard:
                if status == HTTPStatus.ACCEPTED:
                    sent.accepted[order.text] = document["id"]
                    return
                if not is_to_come_again(status):
                    sent.refused[order.text] = f"{status} {document}"
                    return
                sent.troubles[str(status or "no answer")] += 1
                if time.monotonic() > until:
                    sent.unanswered.add(order.text)
                    return
            time.sleep(_PAUSE_SECONDS)


class _Client:
    def __init__(self, netloc: str, context: ssl.SSLContext) -> None:
        self._open: Callable[[], http.client.HTTPSConnection] = lambda: http.client.HTTPSConnection(
            netloc, context=context, timeout=_REQUEST_SECONDS
        )
        self._connection = self._open()

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int | None, dict[str, str]]:
        """Status and document of the answer; no status if there was no answer, or half of one."""
        try:
            self._connection.request("POST", path, body, headers)
            answer = self._connection.getresponse()
            content = answer.read()
            return answer.status, json.loads(content)
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
            self._connection = self._open()
            return None, {}

    def close(self) -> None:
        self._connection.close()
