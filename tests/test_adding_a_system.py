"""docs/adding-a-system.md, followed word by word."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import systems
from config.load import environments_of, load, system_names
from config.model import Uses
from config.problems import ConfigError
from config.rules import check
from constructs_lib.project import PROJECT_ROOT
from constructs_lib.providers import LOCAL
from stacks.compose import build_app, new_app
from tests.support.synth import cdk_context

PAGE = (PROJECT_ROOT / "docs" / "adding-a-system.md").read_text()


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return str(found)


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The module of the page, put where systems are looked for."""
    (name,) = re.findall(r"`config/systems/(\w+)\.py`", PAGE)
    (tmp_path / f"{name}.py").write_text(block("python"))
    monkeypatch.setattr(systems, "__path__", [*systems.__path__, str(tmp_path)])
    yield name
    sys.modules.pop(f"config.systems.{name}", None)


def test_one_module_is_all_it_takes(added: str) -> None:
    assert added in system_names()
    app = new_app(cdk_context())
    stacks = build_app(app, load(added, "dev"), LOCAL)
    app.synth()
    assert sorted(stack.node.id for stack in stacks) == block("text").split()


def test_a_use_without_its_resource_is_refused_as_the_page_says(added: str) -> None:
    config = environments_of(added)["dev"]()
    web = config.services["web"].model_copy(update={"uses": Uses(database="pages", cache=True)})
    wrong = config.model_copy(update={"services": {"web": web}})
    told = str(ConfigError(f"configuration {added}/dev", check(wrong)))
    assert block("console").splitlines()[1:] == f"groundwork: {told}".splitlines()
