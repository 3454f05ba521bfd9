"""A stand-in for the deployed system's API: what a demonstration asks it, and what it is told."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from local.demos import stage as stage_module
from local.demos.stage import Stage
from local.settings import Settings
from local.state import Deployment
from local.web import Answer, UnreachableError


class System:
    """Answers requests as the test says. A demonstration that asks for something else fails."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.requests: list[tuple[str, Any]] = []
        self.headers: list[tuple[str, dict[str, str]]] = []

    def on(self, request: str, *answers: Answer) -> None:
        """Answer a request (`GET /health`) so; the last answer is given again and again."""
        self.answers[request] = list(answers)

    def send(
        self,
        _: Settings,
        url: str,
        *,
        method: str | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        request = f"{method or ('GET' if body is None else 'POST')} {url.removeprefix('https://api')}"
        self.requests.append((request, body))
        self.headers.append((request, headers or {}))
        answers = self.answers.get(request)
        if answers is None:
            raise UnreachableError(f"{request} is not expected")
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    """The system behind the API; time passes by looking at it."""
    system = System()
    monkeypatch.setattr(stage_module, "send", system.send)
    clock: Iterator[int] = iter(range(100_000))
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)) / 10)
    return system


@pytest.fixture
def stage(settings: Settings) -> Stage:
    """A deployed system without any output but its API."""
    deployment = Deployment(system="shop", env="dev", api_url="https://api", stacks={})
    return Stage(settings=settings, deployment=deployment, console=Console(file=io.StringIO(), width=200))


def lines(stage: Stage) -> list[str]:
    """What has been shown."""
    file = stage.console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue().splitlines()
