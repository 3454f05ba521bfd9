"""What every end-to-end test has in common."""

from pathlib import Path

import pytest

from local.settings import ROOT


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    """Say what is missing rather than fail in the CDK CLI."""
    if not (ROOT / "node_modules/.bin/cdk").exists():
        pytest.fail("the CDK CLI is not installed; type: make install")
