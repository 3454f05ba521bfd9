from dataclasses import replace

import pytest

from local.demos.stage import NotYetError, Stage
from local.errors import LocalError
from local.web import Answer
from tests.local.demos.conftest import System, lines

OK = Answer(200, b"{}")


def test_a_system_that_is_not_ready_yet_is_asked_again(system: System, stage: Stage) -> None:
    system.on("GET /health", Answer(503, b""), Answer(404, b""), OK)
    stage.wait_until_ready("/health")
    assert len(system.requests) == 3


def test_a_system_that_never_gets_ready_is_named_with_its_last_answer(system: System, stage: Stage) -> None:
    system.on("GET /health", Answer(503, b""))
    with pytest.raises(LocalError, match=r"waited 180 s for /health .*: https://api/health answered 503; type: make"):
        stage.wait_until_ready("/health")


def test_a_refusal_shows_request_status_and_document(system: System, stage: Stage) -> None:
    system.on("PUT /a", Answer(422, b'{"title": "no"}'))
    with pytest.raises(LocalError, match=r"PUT /a was answered 422: \{'title': 'no'\}; type: make logs"):
        stage.ask("/a", {"b": 1}, method="PUT")


def test_a_system_that_does_not_answer_is_no_traceback(system: System, stage: Stage) -> None:
    assert system.answers == {}
    with pytest.raises(LocalError, match=r"the system does not answer: GET /a is not expected"):
        stage.ask("/a")


def test_a_system_without_an_api_has_nothing_to_ask(system: System, stage: Stage) -> None:
    with pytest.raises(LocalError, match="no stack has an output ApiUrl"):
        replace(stage, deployment=replace(stage.deployment, api_url=None)).ask("/a")
    assert system.requests == []


@pytest.mark.usefixtures("system")
def test_what_never_comes_is_not_waited_for_for_ever(stage: Stage) -> None:
    def look() -> None:
        raise NotYetError("it is still dark")

    with pytest.raises(LocalError, match=r"waited 180 s for the sun: it is still dark; type: make logs"):
        stage.wait_for("the sun", look)


@pytest.mark.usefixtures("system")
def test_a_line_names_what_came_out_and_how_long_it_took(stage: Stage) -> None:
    stage.show("email", "sent", "to [ada]", since=0.0)
    stage.show("work", "not shown")
    assert [line.split() for line in lines(stage)] == [
        ["email", "sent", "in", "0.0", "s", "to", "[ada]"],
        ["work", "not", "shown"],
    ]
