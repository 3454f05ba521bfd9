"""The files of the requirements: whole, and wrong ones refused in a line per fault."""

from pathlib import Path

import pytest

from constructs_lib.project import PROJECT_ROOT
from tests.conformance.catalogue import HOW_MANY, CatalogueError, Conflict, Requirement, load
from tests.conformance.cli import proving
from tests.conformance.run import cases_of, collected

HEAD = 'letter = "A"\ntitle = "Shape"\n'
CHECK = "tests/config/test_load.py::test_a_missing_field_is_named"
ROW = f'[[requirement]]\nnumber = 1\ntext = "There is one of them."\nchecks = ["{CHECK}"]\n'


def test_every_number_has_one_row() -> None:
    numbers = [item.number for item in load().items if isinstance(item, Requirement)]
    assert sorted(numbers) == list(range(1, HOW_MANY + 1))


def test_what_the_references_disagree_about_has_a_check_for_each() -> None:
    conflicts = [item for item in load().items if isinstance(item, Conflict)]
    assert len(conflicts) == 8
    assert [item.text for item in conflicts if not item.checks] == []


def test_every_check_is_a_test_that_can_fail() -> None:
    assert proving(load()).checks != ()


def test_every_check_is_collected_by_pytest() -> None:
    """A case in brackets is known to pytest alone."""
    checks = load().checks
    found = collected(checks, PROJECT_ROOT).markers
    assert [check for check in checks if not cases_of(check, found)] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + "requirement = [", ["a.toml: "]),
        (HEAD + ROW + 'proof = "x"\n', ["a.toml: requirement.0.proof = 'x': extra inputs are not permitted"]),
        (
            HEAD + ROW.replace("number = 1", "number = 2"),
            ["requirement 1: is there 0 times; allowed: once", "requirement 2: is none; allowed: 1 to 1"],
        ),
        (HEAD + ROW.replace("number = 1", 'number = "1"'), ["requirement.0.number = '1': input should be a valid int"]),
        (HEAD, ["requirement 1: is there 0 times; allowed: once"]),
        (HEAD + ROW + ROW, ["requirement 1: is there 2 times; allowed: once"]),
        (
            HEAD + ROW.replace(f'checks = ["{CHECK}"]', ""),
            ["requirement 1: nothing proves it; allowed: checks, not_yet or settled"],
        ),
        (HEAD + ROW + 'settled = "  "\n', ["requirement.0.settled = '  ': string should have at least 20 characters"]),
        (HEAD + ROW + 'not_yet = "soon"\n', ["requirement.0.not_yet = 'soon': string should match pattern"]),
        (
            HEAD + ROW + 'not_yet = "issue 7: a customer key"\nsettled = "since AWS makes no such size"\n',
            ["requirement 1: is both not_yet and settled; allowed: one of them"],
        ),
        (HEAD + ROW.replace(CHECK, "test_load.py"), ["requirement.0.checks.0 = 'test_load.py': string should match"]),
        (
            HEAD + ROW.replace(f'"{CHECK}"', f'"{CHECK}", "{CHECK}"'),
            [f"requirement 1: names {CHECK} 2 times; allowed: once"],
        ),
        ("title = 3\n" + ROW, ["a.toml: letter: is missing", "a.toml: title = 3: input should be a valid string"]),
    ],
)
def test_a_wrong_file_is_refused(text: str, told: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(CatalogueError) as refused:
        load(tmp_path, numbers=1)
    assert len(refused.value.faults) == len(told)
    for line, words in zip(refused.value.faults, told, strict=True):
        assert words in line
        assert "\n" not in line


@pytest.mark.parametrize(
    ("check", "told"),
    [
        ("tests/config/test_load.py::test_nothing_of_the_kind", "there is no such test"),
        ("tests/nowhere.py::test_it", "there is no such test"),
    ],
)
def test_a_check_that_is_no_test_is_refused(check: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(HEAD + ROW.replace(CHECK, check))
    with pytest.raises(CatalogueError) as refused:
        proving(load(tmp_path, numbers=1))
    (fault,) = refused.value.faults
    assert fault.startswith(f"requirement 1: {check}: {told}")
