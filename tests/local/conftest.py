"""What the tests of the operator's side share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local import processes
from local.settings import Settings
from tests.support.postgres import free_port


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings of a cloud of the test's own, whose app folder is empty; what the test leaves running is stopped."""
    root = tmp_path / "app"
    root.mkdir()
    settings = Settings(root=root, directory=tmp_path / "local", port=free_port(), receiver_port=free_port())
    yield settings
    processes.stop(processes.marked(settings), grace_seconds=1)
