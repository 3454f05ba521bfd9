"""The list of attacks is whole, and what it names are tests that can fail."""

from collections import Counter

import pytest

from constructs_lib.project import PROJECT_ROOT
from tests.attacks.table import ATTACKS, Attack, Tried
from tests.conformance.catalogue import CatalogueError
from tests.conformance.evidence import proofs
from tests.conformance.run import cases_of, collected


def test_each_attack_has_one_line() -> None:
    assert Counter(attack.tried for attack in ATTACKS) == Counter(Tried)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.tried.value)
def test_no_attack_lacks_a_test_that_can_fail(attack: Attack) -> None:
    assert attack.tests
    assert [test for test in attack.tests if not proofs(test, PROJECT_ROOT)] == []


def test_every_test_is_collected_by_pytest() -> None:
    """A case in brackets is known to pytest alone."""
    tests = [test for attack in ATTACKS for test in attack.tests]
    found = collected(tests, PROJECT_ROOT).markers
    assert [test for test in tests if not cases_of(test, found)] == []


@pytest.mark.parametrize("test", ["tests/attacks/test_table.py::test_nothing", "tests/nowhere.py::test_it"])
def test_a_test_that_is_not_there_is_told(test: str) -> None:
    with pytest.raises(CatalogueError, match="there is no such test"):
        collected([test], PROJECT_ROOT)
