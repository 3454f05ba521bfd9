from pathlib import Path
from typing import Any

import pytest

from local.authorizations import ALLOWED, DENIED, Decision, Entry, write
from tests.faults.load import Sent
from tests.faults.verdict import Expectation, Verdict, judge, refused_by_iam

ROW = {"id": "id-a", "body": "a", "status": "sent", "attempts": 1, "last_error": None}
FAILED = {**ROW, "status": "failed", "attempts": 5, "last_error": "503"}
PARKED: list[dict[str, Any]] = [{"Body": '{"id": "id-a"}'}]


def judged(
    rows: list[dict[str, Any]],
    *,
    delivered: int = 1,
    parked: list[dict[str, Any]] | None = None,
    expected: Expectation | None = None,
    **sent: Any,
) -> Verdict:
    load = Sent(**({"accepted": {"a": "id-a"}} | sent))
    return judge(load, rows, {"a": delivered}, parked or [], expected or Expectation())


def test_what_is_accepted_sent_and_delivered_once_is_fine() -> None:
    verdict = judged([ROW])
    assert verdict.is_green
    assert (verdict.accepted, verdict.sent, verdict.failed, verdict.missing) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        ({"rows": []}, "1 accepted and not stored: a"),
        ({"rows": [{**ROW, "status": "queued"}]}, "1 accepted and neither sent nor failed: a"),
        ({"rows": [ROW], "delivered": 0}, "1 sent and never delivered: a"),
        ({"rows": [ROW, {**ROW, "id": "id-b"}]}, "1 recorded twice: a"),
        ({"rows": [ROW], "contradictions": ["a"]}, "1 repeated with the same key and given another id: a"),
        ({"rows": [ROW], "delivered": 2}, "1 delivered again: a"),
        ({"rows": [FAILED], "parked": PARKED}, "1 failed: a"),
        ({"rows": [{**FAILED, "last_error": None}], "parked": PARKED}, "1 failed without a reason: a"),
        ({"rows": [FAILED]}, "1 failed and not in the dead-letter queue: a"),
        ({"rows": [ROW], "unanswered": {"b"}}, "1 never accepted: b"),
        ({"rows": [ROW], "refused": {"b": "422"}}, "1 refused by the API: b (422)"),
        ({"rows": [{**ROW, "id": "id-b"}]}, "1 stored under another id than the answer's: a"),
        ({"rows": [ROW], "parked": PARKED}, "1 sent and in the dead-letter queue: a"),
        (
            {
                "rows": [FAILED],
                "parked": [{"Body": '{"id": "id-a", "body": "a"}'}],
                "expected": Expectation(rejected=frozenset({"a"})),
            },
            "1 refused for good and parked without a reason: a",
        ),
        (
            {"rows": [FAILED] * 4, "parked": PARKED, "expected": Expectation(failures_after=5)},
            "4 failed, which are too many: a, a, a, …",
        ),
        (
            {"rows": [FAILED], "parked": PARKED, "expected": Expectation(failures_after=6)},
            "1 failed: a",
        ),
        (
            {"rows": [ROW], "expected": Expectation(rejected=frozenset({"a"}))},
            "1 refused by its receiver and not failed: a",
        ),
        (
            {"rows": [ROW], "troubles": {"503": 2}, "expected": Expectation(trouble=False)},
            "requests failed: {'503': 2}",
        ),
    ],
)
def test_what_breaks_the_promise_is_told(found: dict[str, Any], complaint: str) -> None:
    verdict = judged(**found)
    assert complaint in verdict.complaints
    assert not verdict.is_green


@pytest.mark.parametrize(
    "found",
    [
        {"rows": [ROW], "delivered": 3, "expected": Expectation(repeats=True)},
        {"rows": [FAILED], "parked": PARKED, "expected": Expectation(failures_after=5)},
        {
            "rows": [FAILED],
            "parked": [{**PARKED[0], "MessageAttributes": {"Reason": "410"}}],
            "expected": Expectation(rejected=frozenset({"a"})),
        },
        {"rows": [ROW], "troubles": {"503": 2}},
    ],
)
def test_what_a_row_allows_is_fine(found: dict[str, Any]) -> None:
    assert judged(**found).is_green


def test_what_iam_has_refused_in_the_meantime_is_told(tmp_path: Path) -> None:
    def entry(action: str, outcome: str, last: float) -> Entry:
        decision = Decision(role="worker", action=action, resource="arn:queue", outcome=outcome, statements=())
        return Entry(decision=decision, count=1, first=0, last=last)

    record = tmp_path / "authorizations.jsonl"
    assert refused_by_iam(record, since=10) == []
    entries = [
        entry("sqs:SendMessage", ALLOWED, 20),
        entry("sqs:PurgeQueue", DENIED, 20),
        entry("sns:Publish", DENIED, 9),
    ]
    write(record, entries)
    assert refused_by_iam(record, since=10) == ["IAM refused worker sqs:PurgeQueue on arn:queue"]
