"""The record of decisions counts, stays bounded, and goes on after a restart."""

from pathlib import Path

import pytest

from local.authorizations import ALLOWED, DENIED, ELSEWHERE, Decision, Statement, read
from local.emulator.permissions import record
from local.emulator.permissions.record import Record


def decision(resource: str = "arn:aws:s3:::media/one", *, outcome: str = ALLOWED, role: str = "api") -> Decision:
    statements = (Statement("own", 1),) if outcome == ALLOWED else ()
    return Decision(role=role, action="s3:GetObject", resource=resource, outcome=outcome, statements=statements)


def test_equal_decisions_are_counted_and_others_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "record.jsonl"
    kept = Record(file)
    for each in (decision(), decision(), decision(outcome=DENIED), decision(role="worker")):
        kept.add(each)
    kept.stop()
    assert {entry.decision: entry.count for entry in read(file)} == {
        decision(): 2,
        decision(outcome=DENIED): 1,
        decision(role="worker"): 1,
    }


def test_it_goes_on_after_a_restart_whatever_stands_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "record.jsonl"
    for _ in range(2):
        kept = Record(file)
        kept.add(decision())
        kept.stop()
        file.write_text(file.read_text() + '{"role": "half a li')
    (entry,) = read(file)
    assert entry.count == 2
    assert entry.first <= entry.last
    assert read(tmp_path / "none") == []


def test_objects_beyond_a_bound_are_counted_together(tmp_path: Path) -> None:
    file = tmp_path / "record.jsonl"
    kept = Record(file)
    for number in range(record.MOST_RESOURCES + 10):
        kept.add(decision(f"arn:aws:s3:::media/{number}"))
    kept.stop()
    entries = read(file)
    assert len(entries) == record.MOST_RESOURCES + 1
    assert [entry.count for entry in entries if entry.decision.resource == ELSEWHERE] == [10]


def test_the_whole_is_bounded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "MOST_ENTRIES", 5)
    kept = Record(tmp_path / "record.jsonl")
    for number in range(20):
        kept.add(decision(role=f"role-{number % 2}", resource=f"arn:aws:s3:::media/{number}"))
    kept.stop()
    entries = read(tmp_path / "record.jsonl")
    assert len(entries) <= 5 + 2
    assert sum(entry.count for entry in entries) == 20
