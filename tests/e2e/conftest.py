"""One deployment for all end-to-end tests: the repository's own app, by the real CDK CLI, on a cloud of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.settings import ROOT, Settings
from tests.e2e.cloud import DeployedCloud
from tests.support.postgres import free_port

_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "node_modules", ".local", "build", "cdk.out", "tests", "__pycache__", ".*_cache"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedCloud]:
    """The deployed system. It runs from a copy of the repository, so that a test may change the code."""
    folder = tmp_path_factory.mktemp("e2e")
    root = folder / "repository"
    shutil.copytree(ROOT, root, ignore=_LEFT_OUT)
    for name in (".venv", "node_modules"):
        (root / name).symlink_to(ROOT / name)
    settings = Settings(root=root, directory=folder / "local", port=free_port(), receiver_port=free_port())
    cloud = DeployedCloud(settings)
    try:
        cloud.up()
        yield cloud
    finally:
        cloud.operate("down")


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    """Say what is missing rather than fail in the CDK CLI."""
    if not (ROOT / "node_modules/.bin/cdk").exists():
        pytest.fail("the CDK CLI is not installed; type: make install")
