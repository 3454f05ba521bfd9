"""Who may import whom. Knowledge points down only."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from constructs_lib.project import PROJECT_ROOT

# A package and those of the project it may import, itself aside.
ALLOWED = {
    "app.py": {"gates", "stacks", "constructs_lib", "config", "assembly"},
    "gates": {"stacks", "constructs_lib", "config", "assembly"},
    "stacks": {"constructs_lib", "config"},
    "constructs_lib": {"config"},
    "config": set(),
    "workers": {"services"},
    "services": set(),
    "local": set(),
    "assembly": set(),
    "deployment": {"assembly"},
}


def sources(package: str) -> list[Path]:
    path = PROJECT_ROOT / package
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def imported(source: str) -> Iterator[tuple[int, str]]:
    """Line and top-level package of everything a module imports, wherever it does so."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module.partition(".")[0]


def offences(package: str, source: str, place: str) -> list[str]:
    own = {name.removesuffix(".py") for name in ALLOWED} | {"tests"}
    allowed = ALLOWED[package] | {package}
    return [
        f"{place}:{line} imports {name}; {package} may import {', '.join(sorted(ALLOWED[package])) or 'no other'}"
        for line, name in imported(source)
        if name in own - allowed
    ]


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_point_down(package: str) -> None:
    files = sources(package)
    assert files
    found = [
        offence
        for path in files
        for offence in offences(package, path.read_text(), str(path.relative_to(PROJECT_ROOT)))
    ]
    assert found == []


def test_an_import_upwards_is_found_and_told() -> None:
    assert offences("config", "def late() -> None:\n    from stacks.api import ApiStack\n", "config/x.py") == [
        "config/x.py:2 imports stacks; config may import no other"
    ]


@pytest.mark.parametrize("package", ["config", "constructs_lib", "stacks"])
def test_templates_depend_on_nothing_but_config(package: str) -> None:
    """What reads the clock, the environment or an account gives another template tomorrow."""
    outside = {"boto3", "botocore", "datetime", "os", "random", "socket", "time", "uuid"}
    found = [
        f"{path.relative_to(PROJECT_ROOT)}:{line} imports {name}"
        for path in sources(package)
        for line, name in imported(path.read_text())
        if name in outside
    ]
    assert found == []
