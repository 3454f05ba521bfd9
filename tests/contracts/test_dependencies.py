"""What the code imports is in the locks that its container and its functions are installed from."""

import importlib.metadata
import re
import sys
from pathlib import Path

import pytest

from constructs_lib.project import SERVICES_FOLDER, WORKERS_FOLDER
from tests.contracts.test_layering import imported

OWN = {"services", "workers"}
# The API runs in the container only, so its packages are not in the functions' layer.
CONTAINER_ONLY = SERVICES_FOLDER / "api"


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


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-functions.lock"])
def test_everything_imported_is_locked(lock: str) -> None:
    files = [*SERVICES_FOLDER.rglob("*.py"), *WORKERS_FOLDER.rglob("*.py")]
    if lock == "requirements-functions.lock":
        files = [path for path in files if CONTAINER_ONLY not in path.parents]
    assert missing(files, locked(lock)) == set()


def test_a_package_that_is_not_locked_is_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("import boto3\nimport fastapi\n")
    assert missing([module], locked("requirements-functions.lock")) == {"fastapi"}
