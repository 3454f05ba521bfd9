"""What every demonstration works with: the deployed system's API, and lines that show what happened."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from rich.console import Console

from local.errors import LocalError
from local.settings import Settings
from local.state import Deployment
from local.web import Answer, UnreachableError, send

Found = TypeVar("Found")

# For what will never come: a message whose worker has ended comes again after a minute.
_BOUND_SECONDS = 180
_POLL_SECONDS = 0.25


class NotYetError(Exception):
    """What is waited for has not come yet; the message is what a person is told when it never does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A deployed system, and where its demonstration is written to."""

    settings: Settings
    deployment: Deployment
    console: Console

    @property
    def api_url(self) -> str:
        """Where the system takes requests.

        Raises:
            LocalError: it takes none.
        """
        if self.deployment.api_url is None:
            raise LocalError("no stack has an output ApiUrl, so there is nothing to ask")
        return self.deployment.api_url

    def request(
        self, path: str, body: Any = None, *, method: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """A request to the system, as `local.web.send`.

        Raises:
            LocalError: there is no answer.
        """
        try:
            return send(self.settings, f"{self.api_url}{path}", body=body, method=method, headers=headers)
        except UnreachableError as error:
            raise LocalError(f"the system does not answer: {error}; type: make logs") from None

    def ask(
        self, path: str, body: Any = None, *, method: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """The document that a request is answered with.

        Raises:
            LocalError: there is no answer, or it is a refusal.
        """
        answer = self.request(path, body, method=method, headers=headers)
        if not answer.is_success:
            verb = method or ("GET" if body is None else "POST")
            raise LocalError(f"{verb} {path} was answered {answer.status}: {answer.document}; type: make logs")
        return answer.document

    def wait_until_ready(self, *paths: str) -> None:
        """Wait until each path answers with success: the load balancer does at once, what lies behind may yet start.

        Raises:
            LocalError: one does not in time.
        """
        for path in paths:

            def look(path: str = path) -> bool:
                try:
                    answer = send(self.settings, f"{self.api_url}{path}")
                except UnreachableError as error:
                    raise NotYetError(str(error)) from None
                if not answer.is_success:
                    raise NotYetError(f"{self.api_url}{path} answered {answer.status}")
                return True

            self.wait_for(f"{path} to be answered with success", look)

    def wait_for(self, what: str, look: Callable[[], Found]) -> Found:
        """What `look` returns, called again and again as long as it raises NotYetError.

        Raises:
            LocalError: it still does when the time is up.
        """
        deadline = time.monotonic() + _BOUND_SECONDS
        while True:
            try:
                return look()
            except NotYetError as reason:
                if time.monotonic() > deadline:
                    message = f"waited {_BOUND_SECONDS} s for {what}: {reason}; type: make logs"
                    raise LocalError(message) from None
            time.sleep(_POLL_SECONDS)

    def show(self, what: str, outcome: str, detail: str = "", *, since: float | None = None) -> None:
        """A line of the table; `since` is the monotonic time from which the outcome took its seconds."""
        took = "" if since is None else f" in {time.monotonic() - since:4.1f} s"
        self.console.print(
            f"  {what:<13}{outcome + took:<18}  {detail}".rstrip(), markup=False, highlight=False, soft_wrap=True
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Demo:
    """How a system is shown at work."""

    name: str
    """What the seconds it takes are listed under."""
    doing: str
    """What is going on while it runs, for people."""
    run: Callable[[Stage], None]
    """Does the work and shows it; raises LocalError when the system does not do its part."""
    uses_telegram: bool = False
    """Its Telegram messages have to be led to the receiver."""
    uses_webhooks: bool = False
    """Its webhooks have to be let reach the receiver, which is on loopback."""
    https_only_in: frozenset[str] = frozenset()
    """The environments that are refused without a certificate."""
