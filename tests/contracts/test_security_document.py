"""SECURITY.md promises nothing that is not there: every file and every test that it names."""

import re

import pytest

from constructs_lib.project import PROJECT_ROOT
from tests.conformance.evidence import is_there, proofs

TEXT = (PROJECT_ROOT / "SECURITY.md").read_text()
NAMED = sorted(set(re.findall(r"`([\w./-]+/[\w./-]+(?:::\w+)?)`", TEXT)) - {"/health", "/ready"})
PROMISES = [line.strip("|").split(" | ") for line in TEXT.splitlines() if line.startswith("| ") and "::" in line]


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_is_there(name: str) -> None:
    path, _, test = name.partition("::")
    assert (PROJECT_ROOT / path).exists()
    if test:
        assert is_there(name, PROJECT_ROOT)
        assert proofs(name, PROJECT_ROOT)


@pytest.mark.parametrize("row", PROMISES, ids=lambda row: row[0].strip()[:60])
def test_each_promise_is_kept_somewhere_and_seen_somewhere(row: list[str]) -> None:
    promise, kept, seen = row
    assert promise.strip().endswith(".")
    assert [name for name in re.findall(r"`([^`]+)`", kept) if "::" not in name]
    assert [name for name in re.findall(r"`([^`]+)`", seen) if "::" in name]


def test_every_promise_is_in_a_row_of_its_own() -> None:
    assert len(PROMISES) >= 20
    assert TEXT.count("::test_") == sum(row[2].count("::test_") for row in PROMISES)


def test_tests_are_named_whole() -> None:
    """A node id in anything but backquotes would not be looked at."""
    assert set(re.findall(r"tests/[\w/]+\.py::\w+", TEXT)) <= set(NAMED)
