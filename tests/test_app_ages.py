"""`app.py` on other days: it refuses what has ended by then, and tells what is about to."""

import json
from pathlib import Path

import pytest

from config.end_of_life import Calendar
from config.problems import ConfigError
from config.systems.notifications.dev import dev as notifications
from gates.ages import check_ages
from tests.test_app import run_app

TODAY = Calendar(today="2026-11-21", soon="2027-05-20")


def assembly(folder: Path, runtime: str) -> Path:
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": runtime}}
    (folder / "Api.template.json").write_text(json.dumps({"Resources": {"Handler": function}}))
    (folder / "manifest.json").write_text("{}")
    return folder


def test_an_assembly_with_a_runtime_past_its_end_is_refused_and_cannot_be_deployed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Api/Handler\.Runtime = 'nodejs20\.x': .* 2026-04-30 .*; take nodejs24\.x"):
        check_ages(notifications(), TODAY, assembly(tmp_path, "nodejs20.x"))
    assert not (tmp_path / "manifest.json").exists()


def test_a_runtime_that_ends_soon_is_told_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check_ages(notifications(), TODAY, assembly(tmp_path, "nodejs22.x"))
    assert (tmp_path / "manifest.json").exists()
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    assert line.startswith("groundwork: warning: Api/Handler.Runtime = 'nodejs22.x': Lambda's nodejs22.x: end of ")


def test_what_ends_within_half_a_year_is_told_once_and_deployed(tmp_path: Path) -> None:
    run = run_app(tmp_path, {"provider": "local", "today": "2027-08-01"})
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "manifest.json").exists()
    (line,) = [each for each in run.stderr.splitlines() if "warning" in each]
    assert line.startswith(
        "groundwork: warning: databases.notifications.engine_version = '18.4': Aurora PostgreSQL 18.4: end of "
    )


@pytest.mark.parametrize(
    ("context", "told"),
    [
        ({"today": "tomorrow"}, ["today = 'tomorrow': no day; allowed: one such as 2027-06-01"]),
        ({"today": ""}, ["today = ''"]),
        ({"today": "9999-12-31"}, ["today = '9999-12-31'"]),
        ({"today": "2027-13-01", "provider": "azure"}, ["today = '2027-13-01'", "Unsupported environment: azure"]),
        ({"today": "2028-01-01"}, ["databases.notifications.engine_version = '18.4'", "2027-12-31", "take 18.6"]),
        (
            {"today": "2028-01-01", "certificate_arn": "mine"},
            ["load_balancer.certificate_arn = 'mine'", "databases.notifications.engine_version = '18.4'"],
        ),
    ],
)
def test_another_day_is_refused_before_synthesis(context: dict[str, str], told: list[str], tmp_path: Path) -> None:
    run = run_app(tmp_path, context)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    for words in told:
        assert words in run.stderr
    assert not (tmp_path / "manifest.json").exists()
