"""The names of environments, for the recipes of the Makefile."""

import pytest

from config.listing import main
from tests.support.synth import all_environments


@pytest.mark.parametrize("arguments", [["all"], []])
def test_all_environments_are_named(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    assert capsys.readouterr().out.split() == [f"{system}/{name}" for system, name in all_environments()]


def test_those_of_one_system_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["notifications"]) == 0
    assert capsys.readouterr().out.split() == ["notifications/dev", "notifications/staging", "notifications/prod"]


def test_an_unknown_system_is_told_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["newsletter"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "system = 'newsletter': no such system; allowed: ecommerce, notifications" in told.err
