"""The command, over a project of its own with a test of every kind."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.cli import main

TESTS = """
import os
import pytest

@pytest.mark.parametrize("value", [1, 2])
def test_good(value):
    assert value

def test_bad():
    assert 1 == 2

@pytest.mark.parametrize("value", [0, 1])
def test_half(value):
    assert value

@pytest.mark.skip(reason="what a skipped check is told as")
def test_skipped():
    assert 1 == 1

def test_over_nothing():
    for each in []:
        assert each

@pytest.mark.parametrize("values", [[], [1]])
def test_over_something_once(values):
    for each in values:
        assert each

def test_raising():
    with pytest.raises(ValueError):
        int("x")

@pytest.mark.e2e
def test_deployed():
    assert 1 == 1

def test_killed():
    assert 1 == 1
    os._exit(3)

def test_empty():
    pass
"""


def asked(root: Path, *rows: str, options: tuple[str, ...] = ()) -> int:
    """Run the command over a project whose requirements, from 1 on, are the rows."""
    (root / "tests").mkdir()
    (root / "tests" / "test_it.py").write_text(TESTS)
    (root / "pytest.ini").write_text("[pytest]\nmarkers = e2e: deploys\n")
    numbered = [
        f'[[requirement]]\nnumber = {number}\ntext = "What is asked for."\n{row}\n'
        for number, row in enumerate(rows, start=1)
    ]
    (root / "a.toml").write_text('letter = "A"\ntitle = "Shape"\n' + "".join(numbered))
    return main(options, root=root, folder=root, numbers=len(rows))


def named(*tests: str) -> str:
    checks = ", ".join(f'"tests/test_it.py::{test}"' for test in tests)
    return f"checks = [{checks}]"


NOT_YET = 'not_yet = "issue 7: a key of the customer"'
SETTLED = 'settled = "AWS has never offered this size"'


def verdicts(text: str) -> list[str]:
    document: dict[str, Any] = json.loads(text)
    return [row["verdict"] for row in document["rows"]]


def test_each_row_has_its_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        named("test_good", "test_over_something_once", "test_raising"),
        NOT_YET,
        f"{named('test_good[1]')}\n{SETTLED}",
        named("test_deployed", "test_good"),
    ]
    assert asked(tmp_path, *rows, options=("--json",)) == 0
    out, err = capsys.readouterr()
    assert verdicts(out) == ["passed", "not yet", "settled", "passed"]
    assert err.startswith("conformance: 5 checks …\n")


def test_a_check_that_does_not_pass_fails_its_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also a row that waits for an issue, or was settled: what is named there is to hold all the same."""
    rows = [
        f"{named('test_good', test)}\n{besides}"
        for test in ("test_bad", "test_half", "test_skipped", "test_over_nothing")
        for besides in ("", NOT_YET, SETTLED)
    ]
    assert asked(tmp_path, named("test_good"), *rows, options=("--json",)) == 1
    assert verdicts(capsys.readouterr().out) == ["passed"] + ["failed"] * 12


def test_what_deploys_can_be_left_out_and_is_then_not_called_passed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [named("test_good"), named("test_good", "test_deployed"), named("test_deployed")]
    assert asked(tmp_path, *rows, options=("--fast",)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "A. Shape",
        "",
        "   1  passed       What is asked for.",
        "                   tests/test_it.py::test_good",
        "   2  not run here What is asked for.",
        "                   tests/test_it.py::test_good",
        "                   tests/test_it.py::test_deployed  (not run here)",
        "   3  not run here What is asked for.",
        "                   tests/test_it.py::test_deployed  (not run here)",
        "",
        "3 requirements: 1 passed, 2 not run here",
        "0 conflicts: none",
        "2 checks: 1 not run here, 1 passed",
    ]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (named("test_good[3]"), "tests/test_it.py::test_good[3]: there is no such test; allowed: a node id that"),
        (named("test_missing"), "requirement 1: tests/test_it.py::test_missing: there is no such test; allowed: path"),
        (named("test_empty"), "requirement 1: tests/test_it.py::test_empty: asserts nothing; name a test that can"),
        ("", "requirement 1: nothing proves it; allowed: checks, not_yet or settled"),
        (named("test_killed"), "pytest ended with exit code 3 and left no record; see above"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    row: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(tmp_path, row) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].startswith(f"conformance: {told}")
    assert "Traceback" not in err


def test_a_file_that_cannot_be_imported_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "conftest.py").write_text("")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_broken.py").write_text("import nowhere_at_all\ndef test_it():\n    assert 1 == 1\n")
    (tmp_path / "a.toml").write_text(
        'letter = "A"\ntitle = "Shape"\n[[requirement]]\nnumber = 1\ntext = "What is asked for."\n'
        'checks = ["tests/test_broken.py::test_it"]\n'
    )
    assert main([], root=tmp_path, folder=tmp_path, numbers=1) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith("conformance: tests/test_broken.py: cannot be collected: ")
    assert "nowhere_at_all" in told


def test_a_wrong_flag_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quick"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "conformance: unrecognized arguments: --quick; see python -m tests.conformance --help"
    ]
