"""Each mechanism that can be taken away is where it is looked for."""

import pytest

from constructs_lib.project import PROJECT_ROOT
from tests.faults.mutants import MUTANTS, Mutant
from tests.faults.rows import ROWS


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_is_taken_away_is_there_once(mutant: Mutant) -> None:
    """A passage that was rewritten would take nothing away, and `make broken` would tell only when it is run."""
    for file, passage, _ in mutant.changes:
        assert (PROJECT_ROOT / file).read_text().count(passage) == 1, (file, passage)


def test_every_mutant_has_a_row() -> None:
    assert {mutant.row for mutant in MUTANTS} <= {row.name for row in ROWS}
