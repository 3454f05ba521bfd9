"""Bounds of the product that are short on purpose, and not to be met by a busy machine in a test of something else."""

import pytest

# Longer than a busy machine takes to open a connection, or to answer.
_PATIENT_SECONDS = 10
_BOUNDS = (
    "services.pool.WAIT_SECONDS",
    "services.cache._TIMEOUT_SECONDS",
    "services.queue._TIMEOUT_SECONDS",
    "services.receiving.TIMEOUT_SECONDS",
    "services.dead_letters._TIMEOUT_SECONDS",
    "services.shop.pictures._TIMEOUT_SECONDS",
)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the product wait for its neighbours for so long that no test sees one given up for the machine's sake.

    For what is made in the test's own process, after this.
    """
    for name in _BOUNDS:
        monkeypatch.setattr(name, _PATIENT_SECONDS)
