"""Plain HTTP is warned of at synthesis, unless it is acknowledged."""

from pathlib import Path

import pytest

from tests.support.synth import CERTIFICATE_ARN
from tests.test_app import run_app

WARNING = "serves plain HTTP"


def warned_of(folder: Path) -> bool:
    """Whether an assembly holds the warning, in its report or beside its templates."""
    return any(WARNING in path.read_text() for path in folder.glob("*.json") if "template" not in path.name)


@pytest.mark.parametrize("choice", [{}, {"plain_http": "told"}])
def test_who_synthesizes_is_told(choice: dict[str, str], tmp_path: Path) -> None:
    done = run_app(tmp_path, {"provider": "local"} | choice)
    assert done.returncode == 0, done.stderr
    assert WARNING in done.stderr
    assert warned_of(tmp_path)


def test_who_acknowledges_is_not_told(tmp_path: Path) -> None:
    done = run_app(tmp_path, {"provider": "local", "plain_http": "acknowledged"})
    assert (done.returncode, done.stderr, warned_of(tmp_path)) == (0, "", False)
    assert (tmp_path / "Api.template.json").exists()


def test_what_an_earlier_synthesis_reported_is_not_told_again(tmp_path: Path) -> None:
    """The CDK CLI tells whatever report lies in the folder."""
    assert run_app(tmp_path, {"provider": "local"}).returncode == 0
    assert warned_of(tmp_path)
    assert run_app(tmp_path, {"provider": "local", "certificate_arn": CERTIFICATE_ARN}).returncode == 0
    assert not warned_of(tmp_path)


@pytest.mark.parametrize("choice", ["", "yes"])
def test_another_choice_is_refused(choice: str, tmp_path: Path) -> None:
    done = run_app(tmp_path, {"plain_http": choice})
    assert done.returncode == 2
    assert f"plain_http = {choice!r}: no such choice; allowed: told, acknowledged" in done.stderr
    assert list(tmp_path.iterdir()) == []
