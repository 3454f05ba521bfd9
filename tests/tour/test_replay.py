"""What the tour itself does when a mistake cannot be made, is not caught, or is told otherwise than it comes out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tour import cli
from tests.tour.catalogue import Edit, Mistake
from tests.tour.cli import main
from tests.tour.replay import normalized, replay
from tests.tour.workshop import Workshop

README = "# Groundwork\n"
MISTAKE = """
title = "A {name} mistake"
caught_by = "sweep"
why = "It looks well."
command = '''{command}'''
exit_code = 1
says = ["Houseplan"]
remedy = "Do not."
edits = [{{ path = "README.md", old = "# Groundwork\\n", new = "# Houseplan\\n" }}]
"""
CATCHING = "if head -1 README.md | grep Houseplan; then exit 1; fi"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop") / "repository")


@pytest.fixture
def mistakes(tmp_path: Path, place: Workshop, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for mistakes, which are made in one and the same copy."""

    class Same:
        def __enter__(self) -> Workshop:
            return place

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(cli, "workshop", Same)
    folder = tmp_path / "mistakes"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def undone(place: Workshop) -> Iterator[None]:
    yield
    assert (place.root / "README.md").read_text().startswith(README)


def mistake(edits: tuple[Edit, ...], command: str = "true") -> Mistake:
    return Mistake(
        name="mine",
        title="Mine",
        caught_by="sweep",
        why="?",
        edits=edits,
        command=command,
        exit_code=1,
        says=("x",),
        remedy="!",
    )


def put(folder: Path, name: str, command: str = CATCHING, **changes: str) -> None:
    text = MISTAKE.format(name=name, command=command)
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (folder / f"01-{name}.toml").write_text(text)


def test_what_is_caught_and_told_is_green(mistakes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(mistakes, "small")
    page = tmp_path / "tour.md"
    assert main(["--write"], folder=mistakes, document=page) == 0
    assert "\n$ if head" in (written := page.read_text())
    assert "\n# Houseplan\n```\n" in written
    assert "\n-# Groundwork\n+# Houseplan\n" in written
    assert main([], folder=mistakes, document=page) == 0
    assert page.read_text() == written
    printed = capsys.readouterr()
    assert "small              sweep                 0  caught\ncaught: all 1\n" in printed.out
    assert printed.err == ""


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("head -1 README.md", "ended with 0, not with 1"),
        ("echo something else; exit 1", "does not say 'Houseplan'"),
        ("head -1 README.md; exit 3", "ended with 3, not with 1"),
    ],
    ids=["passes", "fails for another reason", "fails otherwise"],
)
def test_what_is_not_caught_is_told_and_nothing_is_written(
    mistakes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, told: str
) -> None:
    put(mistakes, "small", command)
    assert main(["--write"], folder=mistakes, document=tmp_path / "tour.md") == 1
    printed = capsys.readouterr().out
    assert "NOT CAUGHT" in printed
    assert f"    {told}\n" in printed
    assert "not caught: small\n" in printed
    assert not (tmp_path / "tour.md").exists()


def test_a_page_that_tells_otherwise_is_stale(
    mistakes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(mistakes, "small")
    page = tmp_path / "tour.md"
    assert main(["--write"], folder=mistakes, document=page) == 0
    page.write_text(page.read_text().replace("\n# Houseplan\n```", "\n# Housepan\n```"))
    capsys.readouterr()
    assert main([], folder=mistakes, document=page) == 1
    assert capsys.readouterr().err == (
        "tour.md is not what came out; type: make tour WRITE=1\nA small mistake:\n  -# Housepan\n  +# Houseplan\n"
    )
    put(mistakes, "other")
    assert main(["small"], folder=mistakes, document=page) == 1
    assert "contents:\n" in capsys.readouterr().err


def test_some_are_written_and_the_others_stay(
    mistakes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(mistakes, "small")
    put(mistakes, "other", "echo one; exit 1", Houseplan="one")
    page = tmp_path / "tour.md"
    assert main(["small", "--write"], folder=mistakes, document=page) == 2
    assert capsys.readouterr().err == (
        "tour: tour.md has no section 'A other mistake' yet; write it without naming mistakes\n"
    )
    assert not page.exists()
    (mistakes / "01-other.toml").unlink()
    put(mistakes, "other", "echo Houseplan one; exit 1")
    assert main(["--write"], folder=mistakes, document=page) == 0
    put(mistakes, "other", "echo Houseplan two; exit 1")
    assert main(["other", "--write"], folder=mistakes, document=page) == 0
    assert "\nHouseplan two\n" in (text := page.read_text())
    assert "\n# Houseplan\n" in text


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (Edit(path="nowhere.py", old="a", new="b"), "mine: there is no nowhere.py"),
        (
            Edit(path="README.md", old="Gründe", new=""),
            "mine: README.md must have this exactly once, and has it 0 times",
        ),
        (Edit(path="README.md", old="make ", new=""), "mine: README.md must have this exactly once, and has it "),
        (Edit(path="README.md", new=""), "mine: README.md is there already"),
    ],
    ids=["no file", "missing", "twice", "no new file"],
)
def test_an_edit_that_cannot_be_made_is_told_before_any_is(
    mistakes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], edit: Edit, told: str
) -> None:
    put(mistakes, "good", "exit 1")
    old = "" if edit.old is None else f", old = {edit.old!r}"
    (mistakes / "02-mine.toml").write_text(
        MISTAKE.format(name="last", command="true").partition("edits")[0]
        + f"edits = [{{ path = {edit.path!r}{old}, new = {edit.new!r} }}]"
    )
    assert main([], folder=mistakes, document=tmp_path / "tour.md") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith(f"tour: {told}")


def test_what_is_no_mistake_is_told_by_file_and_field(
    mistakes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(mistakes, "small", exit_code="exit_cod")
    (mistakes / "02-bad.toml").write_text("title = ")
    assert main([], folder=mistakes, document=tmp_path / "tour.md") == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[2].partition(":")[0] for line in lines] == ["01-small.toml"] * 2 + ["02-bad.toml"]
    assert "tour: 01-small.toml: exit_code: Field required" in lines
    (mistakes / "02-bad.toml").unlink()
    put(mistakes, "small")
    assert main(["smal"], folder=mistakes, document=tmp_path / "tour.md") == 2
    assert capsys.readouterr().err == "tour: no such mistake: smal; there are: small\n"


def test_edits_and_new_files_are_undone_whatever_happens(place: Workshop) -> None:
    edits = (
        Edit(path="README.md", old=README, new="# Houseplan\n"),
        Edit(path="README.md", old="\n## Commands\n", new="\n## Orders\n"),
        Edit(path="config/late.py", new="x = 1\n"),
    )
    readme, late = place.root / "README.md", place.root / "config" / "late.py"
    text, when = readme.read_text(), readme.stat().st_mtime_ns
    made = []

    def interrupted() -> None:
        with place.made(mistake(edits)):
            made.extend([readme.read_text(), late.read_text()])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert made == [text.replace(README, "# Houseplan\n").replace("\n## Commands\n", "\n## Orders\n"), "x = 1\n"]
    assert (readme.read_text(), readme.stat().st_mtime_ns) == (text, when)
    assert not late.exists()


def test_nothing_of_the_caller_changes_what_is_said(place: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "CI", "PYTEST_ADDOPTS", "CDK_DEFAULT_ACCOUNT"):
        monkeypatch.setenv(name, "the caller's")
    monkeypatch.setenv("COLUMNS", "40")
    edits = (Edit(path="README.md", old=README, new=""),)
    output = replay(place, mistake(edits, "env; pwd; command -v python cdk")).output
    assert "the caller's" not in output
    assert "COLUMNS=100\n" in output
    assert output.endswith(".venv/bin/python\nnode_modules/.bin/cdk")


def test_what_differs_from_run_to_run_is_left_out(tmp_path: Path) -> None:
    said = (
        f"\nE   {tmp_path}/config/x.py:1: wrong  \n{tmp_path}/app.py:7\n"
        "1 failed in 12.97s\n1 failed, 2 passed in 71.02s (0:01:11)\n"
    )
    told = "E   config/x.py:…: wrong\napp.py:…\n1 failed in … s\n1 failed, 2 passed in … s"
    assert normalized(said, tmp_path) == told
