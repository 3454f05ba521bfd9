"""The reference of the configuration says what the code does."""

import difflib
from pathlib import Path

import pytest

from config.cli import REFERENCE, main
from config.describe import fields_of, is_number, sections
from config.model import SystemConfig
from config.reference import reference
from config.section import Section
from constructs_lib.project import PROJECT_ROOT


def classes(of: type[Section] = Section) -> list[type[Section]]:
    """All sections there are, whether or not the tree holds them."""
    own = [each for each in of.__subclasses__() if each.__module__.startswith("config.")]
    return [found for each in own for found in (each, *classes(each))]


def test_the_reference_is_not_stale() -> None:
    was = (PROJECT_ROOT / REFERENCE).read_text().splitlines()
    changes = list(difflib.unified_diff(was, reference().splitlines(), lineterm="", n=0))
    assert changes == [], f"{REFERENCE} is not what config/ says; type: make config-docs"


def test_the_command_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "--output", str(tmp_path / "all.md")]) == 0
    assert (tmp_path / "all.md").read_text() == reference()
    assert "all.md: " in capsys.readouterr().out


def test_it_has_every_section_and_field() -> None:
    text = reference()
    for section in sections():
        part = text.partition(f"### {section.__name__}\n")[2].partition("\n### ")[0]
        assert [name for name in section.model_fields if f"| `{name}` |" not in part] == []


def test_every_section_of_the_code_is_part_of_the_tree() -> None:
    public = {each for each in classes() if not each.__name__.startswith("_")}
    assert public == set(sections())
    assert SystemConfig in public


@pytest.mark.parametrize("section", sections(), ids=lambda it: it.__name__)
def test_every_field_has_a_docstring(section: type[Section]) -> None:
    """It is what editors show while a person types the field."""
    assert (section.__doc__ or "").strip()
    assert [field.name for field in fields_of(section) if not field.meaning] == []


@pytest.mark.parametrize("section", sections(), ids=lambda it: it.__name__)
def test_every_number_says_what_it_counts(section: type[Section]) -> None:
    """In its name, or in a word of its docstring that `config/describe.py` knows."""
    numbers = {name for name, field in section.model_fields.items() if is_number(field.annotation)}
    assert [field.name for field in fields_of(section) if field.name in numbers and not field.unit] == []
