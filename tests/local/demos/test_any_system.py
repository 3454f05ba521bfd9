from dataclasses import replace

import pytest

from local.demos import DEMOS, any_system, demo_of
from local.demos.stage import Stage
from local.errors import LocalError
from local.web import Answer
from tests.local.demos.conftest import System, lines


def test_a_system_without_a_demonstration_is_asked_for_its_health_and_that_is_said(
    system: System, stage: Stage
) -> None:
    system.on("GET /health", Answer(503, b""), Answer(200, b"{}"))
    assert demo_of("shop") is any_system.DEMO
    demo_of("shop").run(stage)
    health, work = lines(stage)
    assert health.split()[:2] == ["health", "answers"]
    assert "shop has no demonstration" in work


def test_a_system_that_is_ill_is_a_failure(system: System, stage: Stage) -> None:
    system.on("GET /health", Answer(500, b""))
    with pytest.raises(LocalError, match="/health answered 500"):
        any_system.run(stage)


def test_a_system_without_an_api_is_not_asked(system: System, stage: Stage) -> None:
    any_system.run(replace(stage, deployment=replace(stage.deployment, api_url=None)))
    (line,) = lines(stage)
    assert line.split() == ["health", "not", "asked", "shop", "has", "no", "output", "ApiUrl"]
    assert system.requests == []


def test_every_system_of_this_repository_has_a_demonstration_of_its_own() -> None:
    assert set(DEMOS) == {"ecommerce", "notifications", "platform", "ticketero", "webapp"}
    assert all(demo_of(name) is not any_system.DEMO for name in DEMOS)
