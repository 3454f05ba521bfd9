"""The short form of the table: every row with a fraction of its notifications."""

from collections.abc import Iterator

import pytest

from tests.faults.rows import ROWS, Row
from tests.faults.run import run, warm_up
from tests.faults.stage import Stage, own_folder, staged

pytestmark = pytest.mark.e2e
_COUNT = 80
_LIMIT_SECONDS = 400


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The deployed system, for all rows."""
    with staged(own_folder(tmp_path_factory.mktemp("faults")), seed=1) as stage:
        warm_up(stage)
        yield stage


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_promise_is_kept(stage: Stage, row: Row) -> None:
    (result,) = run(stage, [row], count=_COUNT, limit_seconds=_LIMIT_SECONDS)
    assert (result.verdict.complaints, result.void) == ([], None)
    assert result.verdict.accepted == _COUNT * row.times
