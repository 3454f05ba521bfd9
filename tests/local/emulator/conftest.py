"""One emulator for all tests of this folder that don't need one of their own."""

from collections.abc import Iterator

import pytest

from tests.local.emulator.cloud import Cloud, running


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running(tmp_path_factory.mktemp("cloud") / "data") as cloud:
        yield cloud
