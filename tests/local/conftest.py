"""What the tests of the operator's side share."""

import socket
from pathlib import Path

import pytest

from local.settings import Settings


def free_port() -> int:
    """A loopback port on which nothing listens right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a cloud of the test's own, whose app folder is empty."""
    root = tmp_path / "app"
    root.mkdir()
    return Settings(root=root, directory=tmp_path / "local", port=free_port(), receiver_port=free_port())
