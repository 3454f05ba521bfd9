"""What the tests of the Prometheus service share."""

import subprocess

import pytest

from tests.support.emulator import aws, emulator

__all__ = ["aws", "emulator"]


@pytest.fixture(scope="session")
def _prometheus_at_hand() -> None:
    """Brings it from the disk, which may take longer than the 10 s that it has to tell its version."""
    subprocess.run(["prometheus", "--version"], capture_output=True, check=True)  # noqa: S607  # Debian's own program
