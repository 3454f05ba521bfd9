"""What may be acknowledged, and what becomes of it."""

from pathlib import Path

import pytest

from assembly.errors import InputError
from gates.security.acknowledged import Acknowledgment, is_at, is_in, read_subjects
from gates.security.finding import AWS_SOLUTIONS, Finding
from gates.security.report import as_entries, as_text
from gates.security.verdict import judge

ENTRY = """
subject = "Queues"

[[acknowledged]]
rules = ["AwsSolutions-SQS3"]
at = ["Queue/Dead"]
in = ["notifications/*"]
control = "an alarm"
reason = "nothing comes after it"
"""
SQS3 = "AwsSolutions-SQS3"
LOOKED = ["notifications/dev", "webapp/dev"]


def finding(*, rule: str = SQS3, place: str = "Queue/Dead", environment: str = "notifications/dev") -> Finding:
    return Finding(
        set=AWS_SOLUTIONS,
        rule=rule,
        environment=environment,
        place=place,
        type="AWS::SQS::Queue",
        why="has no DLQ",
        fix="make one",
    )


def acknowledgment(
    *, rules: tuple[str, ...] = (SQS3,), at: tuple[str, ...] = ("Queue/Dead",), among: tuple[str, ...] = ("*",)
) -> Acknowledgment:
    values = {"rules": rules, "at": at, "in": among, "control": "an alarm", "reason": "nothing comes after it"}
    return Acknowledgment.model_validate(values)


def written(folder: Path, text: str) -> Path:
    (folder / "queues.toml").write_text(text)
    return folder


def test_an_entry_is_read(tmp_path: Path) -> None:
    (subject,) = read_subjects(written(tmp_path, ENTRY))
    (entry,) = subject.acknowledged
    assert entry.covers(SQS3, "Queue/Dead", "notifications/prod")
    assert not entry.covers(SQS3, "Queue/Dead", "webapp/dev")
    assert not entry.covers(SQS3, "Queue/Other", "notifications/dev")
    assert not entry.covers("AwsSolutions-SQS4", "Queue/Dead", "notifications/dev")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('reason = "nothing comes after it"', 'reason = ""', r"acknowledged\[1\].reason"),
        ('reason = "nothing comes after it"', 'reason = "  "', r"acknowledged\[1\].reason"),
        ('control = "an alarm"', "", r"acknowledged\[1\].control"),
        ('rules = ["AwsSolutions-SQS3"]', "rules = []", r"acknowledged\[1\].rules"),
        ('at = ["Queue/Dead"]', 'at = ["**"]', "stands for everything"),
        ('at = ["Queue/Dead"]', 'at = ["*/*"]', "stands for everything"),
        ('in = ["notifications/*"]', "in = []", r"acknowledged\[1\].in"),
        ('subject = "Queues"', 'subject = "Queues"\nextra = 1', "extra"),
        ("[[acknowledged]]", "[[acknowledged]", "no TOML"),
    ],
)
def test_what_is_wrong_is_refused_and_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in ENTRY
    with pytest.raises(InputError, match=rf"queues.toml.*{said}"):
        read_subjects(written(tmp_path, ENTRY.replace(old, new)))


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("Api/User/Task", "Api/*/Task", True),
        ("Api/User/Task/Role", "Api/*/Task", False),
        ("Api/User/Task/Role", "Api/**Role", True),
        ("Api/User/Deep/Task", "Api/*/Task", False),
        ("Network/Vpc/PublicSubnet2/DefaultRoute", "Network/Vpc/PublicSubnet*/DefaultRoute", True),
        ("ApiXUser", "Api.User", False),
    ],
)
def test_a_pattern_stands_for_ids_of_a_path(path: str, pattern: str, *, expected: bool) -> None:
    assert is_at(path, pattern) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"), [("*", True), ("webapp/*", True), ("*/dev", True), ("webapp/prod", False), ("*/d", False)]
)
def test_a_pattern_stands_for_environments(pattern: str, *, expected: bool) -> None:
    assert is_in("webapp/dev", pattern) is expected


def test_a_new_finding_is_unexplained() -> None:
    new = finding(place="Queue/Other")
    verdict = judge([finding(), new], [acknowledgment(among=("notifications/*",))], LOOKED, whole=True)
    assert verdict.unexplained == (new,)
    assert verdict.acknowledged == (finding(),)
    assert not verdict.is_fine


@pytest.mark.parametrize(
    ("entry", "stale"),
    [
        (acknowledgment(at=("Queue/Gone",)), f"{SQS3} at Queue/Gone"),
        (acknowledgment(at=("Queue/Dead", "Queue/Gone")), f"{SQS3} at Queue/Gone"),
        (acknowledgment(rules=(SQS3, "AwsSolutions-SQS9")), "AwsSolutions-SQS9 at Queue/Dead"),
        (acknowledgment(among=("notifications/*", "webapp/*")), f"{SQS3}: in webapp/*"),
    ],
)
def test_what_nothing_needs_any_more_is_stale(entry: Acknowledgment, stale: str) -> None:
    assert stale in judge([finding()], [entry], LOOKED, whole=True).stale
    assert not judge([finding()], [entry], LOOKED, whole=False).stale


def test_what_is_acknowledged_twice_is_stale_once() -> None:
    verdict = judge([finding()], [acknowledgment(), acknowledgment()], LOOKED, whole=True)
    assert f"{SQS3} at Queue/Dead" in verdict.stale


def test_people_are_told_counts_and_what_to_do() -> None:
    verdict = judge([finding(), finding(place="Queue/Other")], [acknowledgment()], LOOKED, whole=True)
    told = as_text(verdict, [AWS_SOLUTIONS])
    assert "notifications/dev     2 / 1 / 1" in told
    assert "webapp/dev            0 / 0 / 0" in told
    assert f"{SQS3}  Queue/Other (AWS::SQS::Queue)" in told
    assert "    why:  has no DLQ" in told
    assert "    fix:  make one" in told
    assert told.endswith("1 acknowledged, 1 unexplained; 0 stale acknowledgments\n")


def test_proposed_entries_are_refused_until_they_have_a_reason(tmp_path: Path) -> None:
    odd = 'AwsSolutions-IAM5[Resource::{"Ref":"x"}/*]'
    proposed = as_entries(judge([finding(rule=odd), finding()], [], LOOKED, whole=True))
    with pytest.raises(InputError, match="reason"):
        read_subjects(written(tmp_path, f'subject = "Queues"\n{proposed}'))
    filled = proposed.replace('""', '"because"')
    (subject,) = read_subjects(written(tmp_path, f'subject = "Queues"\n{filled}'))
    verdict = judge([finding(rule=odd), finding()], subject.acknowledged, LOOKED, whole=True)
    assert verdict.is_fine
