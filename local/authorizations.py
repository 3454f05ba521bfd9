"""What IAM decided on the embedded cloud, as its record keeps it."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ALLOWED, DENIED = "allowed", "denied"
ELSEWHERE = "…"
"""Stands for the resources of a role and action beyond those that the record tells apart."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a policy."""

    policy: str
    """Name of an inline policy, ARN of a managed one."""
    index: int
    """Its place in the policy, from 0."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What IAM said to a role's question."""

    role: str
    action: str
    """Such as `sqs:SendMessage`."""
    resource: str
    outcome: str
    """`ALLOWED` or `DENIED`."""
    statements: tuple[Statement, ...]
    """Each statement of the role's own policies that allows it; none where only the resource's policy does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Equal decisions."""

    decision: Decision
    count: int
    first: float
    """Unix time in seconds."""
    last: float


def write(file: Path, entries: Iterable[Entry]) -> None:
    """Replace the file, which is never half a one, whenever the cloud is killed."""
    lines = [
        json.dumps({**asdict(entry.decision), "count": entry.count, "first": entry.first, "last": entry.last})
        for entry in entries
    ]
    beside = file.with_suffix(".part")
    beside.write_text("\n".join(lines) + "\n", encoding="utf-8")
    beside.replace(file)


def read(file: Path) -> list[Entry]:
    """What a record holds; nothing if there is none."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return list(_entries(lines))


def _entries(lines: list[str]) -> Iterator[Entry]:
    for line in lines:
        try:
            found: dict[str, Any] = json.loads(line)
            yield Entry(
                decision=Decision(
                    role=str(found["role"]),
                    action=str(found["action"]),
                    resource=str(found["resource"]),
                    outcome=str(found["outcome"]),
                    statements=tuple(
                        Statement(str(each["policy"]), int(each["index"])) for each in found["statements"]
                    ),
                ),
                count=int(found["count"]),
                first=float(found["first"]),
                last=float(found["last"]),
            )
        except (ValueError, KeyError, TypeError):
            continue
