"""`python -m assembly recovery` as people and programs use it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from assembly.cli import main
from assembly.recovery.figures import DAY, HOUR, duration
from assembly.templates import read
from tests.assembly.assemblies import write

TEMPLATE = {
    "Resources": {
        "DatabaseABC": {
            "Type": "AWS::RDS::DBInstance",
            "Properties": {"MultiAZ": True},
            "Metadata": {"aws:cdk:path": "data/Database/Resource"},
        },
        "Topic": {"Type": "AWS::SNS::Topic"},
    }
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, data=TEMPLATE)


def test_a_table_with_figures_targets_and_sources(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recovery", "--assembly", str(folder)]) == 0
    output = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in output.splitlines()]
    assert lines[0] == "targets: RTO below 1 h, RPO below 5 min; 3 of 4 failures meet both"
    assert "shop-data: RDS instance Database" in lines
    assert "loss of a zone 2 min 0 met failover 2 min; nothing is lost [1]" in lines
    assert "loss of the region never all missed nothing is kept in another region [3]" in lines
    assert "better with: AutomaticBackupReplicationRegion, or a read replica in another region" in lines
    assert any(line.startswith("[1] https://docs.aws.amazon.com/") for line in lines)
    assert "Topic" not in output


def test_targets_are_arguments(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recovery", "--assembly", str(folder), "--rto-minutes", "1.5", "--rpo-minutes", "1"]) == 0
    assert "RTO below 1.5 min, RPO below 1 min; 0 of 4 failures" in capsys.readouterr().out


def test_for_programs_figures_are_seconds(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recovery", "--assembly", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["targets"] == {"rto_seconds": 3600, "rpo_seconds": 300}
    row = document["rows"][0]
    assert (row["stack"], row["logical_id"], row["failure"]) == ("shop-data", "DatabaseABC", "loss of the instance")
    assert (row["rto"]["seconds"], row["rpo"]["seconds"], row["met"]) == (120, 0, True)
    assert document["rows"][-1]["rpo"]["seconds"] is None


def test_without_data_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, data={"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    assert main(["recovery", "--assembly", str(tmp_path)]) == 0
    assert "nothing here holds data" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "manifest.json cannot be read (No such file or directory); synthesize first"),
        ("{", "manifest.json is no JSON"),
        ("[]", "manifest.json is no JSON object"),
        ("{}", "holds no stack"),
    ],
)
def test_a_folder_that_is_no_assembly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    assert main(["recovery", "--assembly", str(tmp_path)]) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert errors.startswith("assembly: ")
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["recovery", "--rto-minutes", "soon"], "'soon' is no number of minutes above 0"),
        (["recovery", "--rpo-minutes", "0"], "'0' is no number of minutes above 0"),
        (["recovery", "--folder", "x"], "unrecognized arguments: --folder x; see python -m assembly"),
        ([], "required: COMMAND"),
    ],
)
def test_wrong_arguments_are_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert len(errors.splitlines()) == 1


def test_nested_assemblies_are_read(folder: Path) -> None:
    outer = folder.parent / f"{folder.name}-outer"
    outer.mkdir()
    artifact = {"type": "cdk:cloud-assembly", "properties": {"directoryName": f"../{folder.name}"}}
    (outer / "manifest.json").write_text(json.dumps({"artifacts": {"stage": artifact}}))
    assert [resource.logical_id for resource in read(outer).resources] == ["DatabaseABC", "Topic"]


def test_it_runs_as_a_module(folder: Path) -> None:
    done = subprocess.run(  # noqa: S603  # the project's own program
        [sys.executable, "-m", "assembly", "recovery", "--assembly", str(folder)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("targets: ")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1, "1 s"),
        (59, "59 s"),
        (90, "1.5 min"),
        (60, "1 min"),
        (75 * 60, "75 min"),
        (HOUR, "1 h"),
        (DAY, "24 h"),
        (DAY + HOUR, "25 h"),
        (7 * DAY, "7 d"),
        (1.5, "1.5 s"),
    ],
)
def test_durations_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text
