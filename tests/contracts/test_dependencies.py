"""What the code imports is in the locks that its container and its functions are installed from."""

import ast
import importlib.metadata
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from constructs_lib.project import PROJECT_ROOT, SERVICES_FOLDER, WORKERS_FOLDER
from tests.contracts.test_layering import imported

OWN = {"services", "workers"}


def locked(name: str) -> set[str]:
    text = (SERVICES_FOLDER / name).read_text()
    return {normal(found) for found in re.findall(r"^([A-Za-z0-9_.-]+)==", text, re.MULTILINE)}


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def missing(files: list[Path], lock: set[str]) -> set[str]:
    """Imported modules of which no distribution is in the lock; type stubs are imported for the checker only."""
    distributions = importlib.metadata.packages_distributions()
    modules = {name for path in files for _, name in imported(path.read_text())}
    return {
        name
        for name in modules - OWN - sys.stdlib_module_names
        if not name.startswith("mypy_boto3_") and not {normal(each) for each in distributions.get(name, [])} & lock
    }


def reached(files: Iterable[Path]) -> set[Path]:
    """The files, and those of the project that they import, directly or not."""
    found: set[Path] = set()
    waiting = set(files)
    while waiting:
        path = waiting.pop()
        found.add(path)
        waiting |= own_imports(path) - found
    return found


def own_imports(path: Path) -> set[Path]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
    own = [Path(PROJECT_ROOT, *name.split(".")) for name in modules if name.partition(".")[0] in OWN]
    # Importing a module runs the packages around it.
    packages = {parent for place in own for parent in (place, *place.parents) if PROJECT_ROOT in parent.parents}
    places = {place.with_suffix(".py") for place in own} | {package / "__init__.py" for package in packages}
    return {place for place in places if place.is_file()}


def test_everything_that_containers_import_is_locked() -> None:
    assert missing([*SERVICES_FOLDER.rglob("*.py")], locked("requirements.lock")) == set()


def test_everything_that_functions_import_is_locked() -> None:
    # The scripts of the migrations are found by their folder, not imported.
    files = reached([*WORKERS_FOLDER.rglob("*.py"), *SERVICES_FOLDER.glob("migrations/*/*.py")])
    assert SERVICES_FOLDER / "channels" / "telegram.py" in files
    assert SERVICES_FOLDER / "api" / "app.py" not in files
    assert missing(sorted(files), locked("requirements-functions.lock")) == set()


def test_a_package_that_is_not_locked_is_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("import boto3\nimport fastapi\n")
    assert missing([module], locked("requirements-functions.lock")) == {"fastapi"}
