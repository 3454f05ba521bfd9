"""What a row of faults has done to its notifications: accepted = sent + failed, none missing, none recorded twice."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from local.authorizations import DENIED, read
from tests.faults.load import Sent
from tests.faults.stage import Stage

_PAUSE_SECONDS = 1.0
_SHOWN = 3
# So many may be refused at every attempt by chance alone, however few notifications there are.
_FAILURES_BY_CHANCE = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectation:
    """What a row promises beside that nothing is lost."""

    repeats: bool = False
    """Whether a delivery may be repeated: only if a worker or its database may be lost between delivery and record."""
    failures_after: int | None = None
    """After how many attempts notifications may fail that nothing is wrong with; None: never."""
    trouble: bool = True
    """Whether requests may have to be repeated."""
    failures_share: float = 0.02
    """How many of all may fail then, beyond the few that chance may hit."""
    rejected: frozenset[str] = frozenset()
    """Texts that their receivers refuse for good: all of them fail, whatever else happens."""


@dataclass(slots=True)
class Verdict:
    """The figures of a row, and what is wrong with them."""

    accepted: int = 0
    sent: int = 0
    failed: int = 0
    missing: int = 0
    twice: int = 0
    repeats: int = 0
    troubles: int = 0
    complaints: list[str] = field(default_factory=list)

    @property
    def is_green(self) -> bool:
        """Whether the promise was kept."""
        return not self.complaints


def settle(stage: Stage, prefix: str, sent: Sent, until: float) -> tuple[list[dict[str, Any]], list[str]]:
    """The stored notifications, and what is still under way when the time is over; nothing if it need not be."""
    while True:
        under_way = []
        try:
            rows = stored(stage, prefix)
            if waiting := _in_outbox(stage, prefix):
                under_way.append(f"{waiting} are still in the outbox")
        except psycopg.Error as error:  # it is still coming back
            rows = []
            under_way.append(f"the database is away: {error}")
        if any(row["status"] == "queued" for row in rows) or not {row["body"] for row in rows}.issuperset(
            sent.accepted
        ):
            under_way.append("not all have ended")
        if waiting := sum(prefix in each["Body"] for each in stage.messages(stage.queue_url)):
            under_way.append(f"{waiting} messages are still in the queue")
        if not under_way or time.monotonic() > until:
            return rows, under_way
        time.sleep(_PAUSE_SECONDS)


def _in_outbox(stage: Stage, prefix: str) -> int:
    with stage.connect() as connection:
        found = connection.execute(
            "SELECT count(*) AS waiting FROM outbox WHERE starts_with(payload ->> 'body', %s)", (prefix,)
        ).fetchone()
    return int(found["waiting"]) if found else 0


def stored(stage: Stage, prefix: str) -> list[dict[str, Any]]:
    """What the database says of the notifications whose text begins so."""
    with stage.connect() as connection:
        return connection.execute(
            "SELECT id::text, body, status, attempts, last_error FROM notifications WHERE starts_with(body, %s)",
            (prefix,),
        ).fetchall()


def refused_by_iam(record: Path, since: float) -> list[str]:
    """Calls that IAM has refused since then, in Unix seconds: no fault is a reason for a role to ask for more."""
    return [
        f"IAM refused {entry.decision.role} {entry.decision.action} on {entry.decision.resource}"
        for entry in read(record)
        if entry.decision.outcome == DENIED and entry.last >= since
    ]


def judge(
    sent: Sent,
    rows: Sequence[Mapping[str, Any]],
    delivered: Mapping[str, int],
    parked: Sequence[Mapping[str, Any]],
    expected: Expectation,
) -> Verdict:
    """Compare what was accepted with what is stored, what was delivered and what is in the dead-letter queue."""
    by_text: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_text.setdefault(row["body"], []).append(row)
    statuses = Counter(by_text[text][0]["status"] for text in sent.accepted if text in by_text)
    verdict = Verdict(
        accepted=len(sent.accepted),
        sent=statuses["sent"],
        failed=statuses["failed"],
        troubles=sum(sent.troubles.values()),
    )
    say = verdict.complaints

    absent = [text for text in sent.accepted if text not in by_text]
    unsettled = [text for text in sent.accepted if text in by_text and by_text[text][0]["status"] == "queued"]
    undelivered = [each["body"] for each in rows if each["status"] == "sent" and not delivered.get(each["body"])]
    verdict.missing = len({*absent, *unsettled, *undelivered})
    _complain(say, "accepted and not stored", absent)
    _complain(say, "accepted and neither sent nor failed", unsettled)
    _complain(say, "sent and never delivered", undelivered)

    others = [text for text, found in sent.accepted.items() if text in by_text and by_text[text][0]["id"] != found]
    _complain(say, "stored under another id than the answer's", others)

    twice = [text for text, found in by_text.items() if len(found) > 1]
    verdict.twice = len(twice) + len(sent.contradictions)
    _complain(say, "recorded twice", twice)
    _complain(say, "repeated with the same key and given another id", sent.contradictions)

    repeated = {text: delivered[text] - 1 for text in by_text if delivered.get(text, 0) > 1}
    verdict.repeats = sum(repeated.values())
    if not expected.repeats:
        _complain(say, "delivered again", list(repeated))

    _judge_failures(say, rows, parked, expected)
    rejected = expected.rejected & set(sent.accepted)
    _complain(say, "refused by its receiver and not failed", [t for t in rejected if _status(by_text, t) != "failed"])

    _complain(say, "never accepted", sorted(sent.unanswered))
    _complain(say, "refused by the API", [f"{text} ({why})" for text, why in sent.refused.items()])
    if sent.troubles and not expected.trouble:
        say.append(f"requests failed: {dict(sent.troubles)}")
    return verdict


def _judge_failures(
    say: list[str], rows: Sequence[Mapping[str, Any]], parked: Sequence[Mapping[str, Any]], expected: Expectation
) -> None:
    letters = {str(each["Body"]): each.get("MessageAttributes") or {} for each in parked}
    in_dlq = " ".join(letters)
    failed = [row for row in rows if row["status"] == "failed"]
    _complain(say, "failed without a reason", [row["body"] for row in failed if not row["last_error"]])
    _complain(
        say, "failed and not in the dead-letter queue", [row["body"] for row in failed if row["id"] not in in_dlq]
    )
    _complain(
        say,
        "sent and in the dead-letter queue",
        [row["body"] for row in rows if row["status"] == "sent" and row["id"] in in_dlq],
    )
    unexpected = [row["body"] for row in failed if not _may_fail(row, expected)]
    _complain(say, "failed", unexpected)
    others = [row["body"] for row in failed if row["body"] not in expected.rejected]
    if not unexpected and len(others) > max(_FAILURES_BY_CHANCE, expected.failures_share * len(rows)):
        _complain(say, "failed, which are too many", others)
    _complain(
        say,
        "refused for good and parked without a reason",
        [
            text
            for text in expected.rejected
            for body, found in letters.items()
            if text in body and "Reason" not in found
        ],
    )


def _may_fail(row: Mapping[str, Any], expected: Expectation) -> bool:
    if row["body"] in expected.rejected:
        return True
    return expected.failures_after is not None and bool(row["attempts"] >= expected.failures_after)


def _status(by_text: Mapping[str, Sequence[Mapping[str, Any]]], text: str) -> str | None:
    return str(by_text[text][0]["status"]) if text in by_text else None


def _complain(complaints: list[str], what: str, found: Sequence[str]) -> None:
    if found:
        examples = ", ".join(found[:_SHOWN])
        complaints.append(f"{len(found)} {what}: {examples}{', …' if len(found) > _SHOWN else ''}")
