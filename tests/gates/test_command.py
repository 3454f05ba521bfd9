"""What `make security` says to bad input, before it begins."""

from pathlib import Path

import pytest

from assembly.errors import InputError
from gates.security import scanners
from gates.security.command import look, main
from gates.security.places import Template
from gates.security.validation import read_report
from tests.assembly.assemblies import write

EMPTY = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Metadata": {"aws:cdk:path": "data/Topic/Resource"}}}}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--system", "notificatons"], "notificatons"),
        (["--env", "production"], "there is no environment production; allowed: dev, prod, staging"),
        (["--system", "webapp", "--env", "staging"], "there is no environment staging; allowed: dev, prod"),
        (["--sytem", "webapp"], "--sytem"),
        (["--acknowledged", "{folder}"], "queues.toml: acknowledged[1].reason"),
    ],
)
def test_bad_input_is_told_and_nothing_begun(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    (tmp_path / "queues.toml").write_text(
        'subject = "Queues"\n[[acknowledged]]\nrules = ["A"]\nat = ["B"]\nin = ["*"]\ncontrol = "c"\nreason = ""\n'
    )
    folder = tmp_path / "assemblies"
    given = [each.format(folder=tmp_path) for each in arguments]
    assert main(["--folder", str(folder), *given]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("security: ")
    assert said in told.err
    assert "Traceback" not in told.err
    assert not folder.exists()


def test_a_scanner_that_is_not_there_is_told() -> None:
    with pytest.raises(InputError, match=r"no/checkov cannot be run .*make security installs it"):
        scanners.start(scanners.checkov(Path("no/checkov"), [], Path()))


def test_a_scanner_that_fails_is_told() -> None:
    with pytest.raises(InputError, match="sh failed: out of order"):
        scanners.answer(scanners.start(["sh", "-c", "echo out of order >&2"]))


def test_a_template_that_checkov_cannot_read_is_told() -> None:
    report = {"summary": {"parsing_errors": 1}, "results": {"failed_checks": []}}
    with pytest.raises(InputError, match="could not read 1"):
        list(scanners.scanned(report, {}, Path()))


def test_a_set_that_fails_itself_is_told(tmp_path: Path) -> None:
    assembly = write(tmp_path, data=EMPTY)
    (assembly / "validation-report.json").write_text(
        '{"pluginReports": [{"pluginName": "HIPAA.Security", "conclusion": "failure", "violations": [],'
        ' "metadata": {"error": "no construct tree"}}]}'
    )
    templates: list[Template] = []
    with pytest.raises(InputError, match=r"HIPAA\.Security failed itself"):
        list(read_report(assembly, "webapp/dev", templates))


def test_findings_name_constructs_and_come_once(tmp_path: Path) -> None:
    """Of a topic without anything the promises say two things, wherever its rules stand in the file."""
    found = look({"webapp/dev": write(tmp_path, data=EMPTY)}, None)
    assert {(each.rule, each.place) for each in found} == {
        ("topic_is_encrypted", "data/Topic"),
        ("topic_refuses_plain_http", "data/Topic"),
    }
    assert len(found) == 2
