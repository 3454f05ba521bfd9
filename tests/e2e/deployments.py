"""Deployments for end-to-end tests: the repository's own app, by the real CDK CLI, on a cloud of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.settings import Settings
from tests.e2e.cloud import DeployedCloud
from tests.support.postgres import free_port
from tests.support.repository import copy_repository


def settings_for(folder: Path) -> Settings:
    """A cloud of its own below the folder, and beside it a copy of the repository to deploy."""
    root = folder / "repository"
    copy_repository(root, without=("tests",))
    return Settings(root=root, directory=folder / "local", port=free_port(), receiver_port=free_port())


@contextmanager
def deployed(folder: Path, *, system: str, env: str = "dev") -> Iterator[DeployedCloud]:
    """A system at work, from a copy of the repository, so that a test may change the code."""
    cloud = DeployedCloud(settings_for(folder), system=system, env=env)
    try:
        cloud.up()
        yield cloud
    finally:
        cloud.operate("down")


def deployment_of(system: str) -> object:
    """A fixture for the conftest of a package: the system in its development environment, until the last test ends."""

    @pytest.fixture(scope="package")
    def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedCloud]:
        with deployed(tmp_path_factory.mktemp(system), system=system) as cloud:
            yield cloud

    return cloud
