import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rich.console import Console

from local import demo
from local.errors import LocalError
from local.settings import Settings
from local.state import State
from local.web import UnreachableError


class Api:
    """Answers for the deployed API: each notification takes three looks, then ends as told."""

    def __init__(self) -> None:
        self.accepts = 202
        self.ends: dict[str, Any] = {"status": "sent", "attempts": 1, "last_error": None}
        self.ready_after = 0
        self.looks: dict[str, int] = {}
        self.sent: list[dict[str, Any]] = []

    def send(self, _: Settings, url: str, *, body: dict[str, Any]) -> tuple[int, Any]:
        assert url == "https://api/notifications"
        self.sent.append(body)
        return self.accepts, {"id": body["channel"]}

    def get_json(self, _: Settings, url: str) -> Any:
        if url.endswith("/ready"):
            self.ready_after -= 1
            if self.ready_after >= 0:
                raise UnreachableError(f"{url} answered 503")
            return {}
        self.looks[url] = self.looks.get(url, 0) + 1
        return {"status": "queued"} if self.looks[url] < 3 else self.ends


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    api = Api()
    monkeypatch.setattr(demo, "send", api.send)
    monkeypatch.setattr(demo, "get_json", api.get_json)
    clock: Iterator[int] = iter(range(10_000))
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)) / 10)
    return api


@pytest.fixture
def run(settings: Settings) -> Callable[..., str]:
    def run(api_url: str | None = "https://api") -> str:
        state = State(
            api_url=api_url,
            endpoint_url=settings.endpoint_url,
            ca_bundle="",
            receiver_url=settings.receiver_url,
            region="",
            account="",
            system="",
            env="",
            provider="",
            stacks={},
        )
        output = io.StringIO()
        demo.run(settings, state, Console(file=output, width=60))
        return output.getvalue()

    return run


def test_every_channel_is_sent_and_shown_with_where_to_look(api: Api, run: Callable[..., str]) -> None:
    api.ready_after = 2
    lines = run().splitlines()
    assert sorted(line.split()[0] for line in lines) == ["email", "sms", "telegram", "webhook"]
    assert all(" sent in " in line and " see https://localhost:" in line for line in lines)
    assert [body["channel"] for body in api.sent] == ["email", "sms", "webhook", "telegram"]


def test_a_failed_notification_says_why(api: Api, run: Callable[..., str]) -> None:
    api.ends = {"status": "failed", "attempts": 5, "last_error": "the receiver answered 500"}
    with pytest.raises(LocalError, match="ended as failed after 5 attempts: the receiver answered 500"):
        run()


def test_a_notification_that_stays_queued_is_not_waited_for_for_ever(api: Api, run: Callable[..., str]) -> None:
    api.ends = {"status": "queued"}
    with pytest.raises(
        LocalError, match=r"4 notifications are still queued after 60 s \(email, sms, telegram, webhook\)"
    ):
        run()


def test_a_refused_notification_shows_the_answer(api: Api, run: Callable[..., str]) -> None:
    api.accepts = 503
    with pytest.raises(LocalError, match="the API answered 503 to the email notification"):
        run()


def test_an_api_that_never_gets_ready_is_named(api: Api, run: Callable[..., str]) -> None:
    api.ready_after = 10_000
    with pytest.raises(LocalError, match="the API is not ready after 30 s: https://api/ready answered 503"):
        run()


def test_an_app_without_an_api_has_nothing_to_show(api: Api, run: Callable[..., str]) -> None:
    with pytest.raises(LocalError, match="no stack has an output ApiUrl"):
        run(api_url=None)
    assert api.sent == []
