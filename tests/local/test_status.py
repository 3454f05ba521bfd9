import io
import json

import psutil
import pytest
from rich.console import Console

from local import status
from local.cloud import Cloud, DeployedStack
from local.errors import LocalError
from local.settings import Settings
from local.state import StackState, State


@pytest.fixture(autouse=True)
def healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cloud that is this very process."""
    monkeypatch.setattr(status, "running", lambda *_: psutil.Process())
    monkeypatch.setattr(status, "is_healthy", lambda _: True)
    monkeypatch.setattr(status, "receiver_answers", lambda _: True)


def shown(settings: Settings) -> list[str]:
    output = io.StringIO()
    status.status(settings, Console(file=output, width=200))
    return output.getvalue().splitlines()


def test_types_that_have_no_effect_are_counted(settings: Settings) -> None:
    settings.directory.mkdir()
    recorded = [{"type": name} for name in ("AWS::B::Two", "AWS::A::One", "AWS::B::Two")]
    (settings.directory / "recorded-only.json").write_text(json.dumps(recorded))
    lines = shown(settings)
    at = lines.index("without effect here, only recorded:")
    assert lines[at + 1 : at + 3] == ["  AWS::A::One (1)", "  AWS::B::Two (2)"]


def test_a_cloud_without_a_deployment_says_so(settings: Settings) -> None:
    lines = shown(settings)
    assert lines[0].startswith("emulator   process")
    assert lines[-1] == "no deployment has been finished; type: make up"


def test_a_stack_shows_as_it_is_now(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    stacks = {
        name: StackState(stack_name=f"t-{name}", status="CREATE_COMPLETE", seconds=1.0) for name in ("Queue", "Api")
    }
    State(
        api_url=None,
        endpoint_url="",
        ca_bundle="",
        receiver_url="",
        region="",
        account="",
        system="",
        env="",
        provider="",
        stacks=stacks,
    ).save(settings)
    now = {"t-Queue": DeployedStack(name="t-Queue", status="UPDATE_ROLLBACK_COMPLETE", outputs={})}
    monkeypatch.setattr(Cloud, "stacks", lambda _: now)
    lines = [line.split()[:2] for line in shown(settings)]
    assert ["Queue", "UPDATE_ROLLBACK_COMPLETE"] in lines
    assert ["Api", "DELETED"] in lines


def test_a_cloud_that_does_not_answer_is_a_failure(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "is_healthy", lambda _: False)
    with pytest.raises(LocalError, match="does not answer; type: make down up"):
        shown(settings)
