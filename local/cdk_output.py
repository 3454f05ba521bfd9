"""Reads what the CDK CLI prints during `cdk deploy --progress events` and knows from it how far each stack is.

The lines are those of the CLI version pinned in package.json. A line that isn't understood changes nothing: progress
may then lag, while the deployment's outcome is always taken from the exit code and from CloudFormation itself.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from local.cloud_assembly import read_assembly

# notifications-dev-queue |  3/12 | 3:45:12 AM | CREATE_COMPLETE | AWS::SQS::Queue | Queue/Q (QueueXXX) reason
_EVENT = re.compile(
    r"^(?P<stack>[\w-]+) +\| +(?P<done>\d+)(?:/(?P<total>\d+))? +\| [^|]+\| (?P<status>[A-Z_]+) +\|"
    r" (?P<type>\S+) +\| (?P<resource>\S+)(?: \((?P<logical_id>\w+)\))? ?(?P<reason>.*)$"
)


class Phase(StrEnum):
    """Where a stack is within one deployment."""

    WAITING = "waiting"
    PUBLISHING = "publishing assets"
    DEPLOYING = "deploying"
    DONE = "done"
    UNCHANGED = "unchanged"
    FAILED = "failed"


# The first pattern that fits counts.
_STEPS = (
    (re.compile(r"^(?P<stack>[\w-]+): start: Publishing "), Phase.PUBLISHING),
    (re.compile(r"^\S+ \((?P<stack>[\w-]+)\): deploying\.\.\."), Phase.DEPLOYING),
    (re.compile(r"^ ?✅ +\S+ \((?P<stack>[\w-]+)\) \(no changes\)"), Phase.UNCHANGED),
    (re.compile(r"^ ?✅ +\S+ \((?P<stack>[\w-]+)\)"), Phase.DONE),
    (re.compile(r"^❌ +(?:\S+ \()?(?P<stack>[\w-]+)\)? failed"), Phase.FAILED),
)
_UNDER_WAY = frozenset({Phase.PUBLISHING, Phase.DEPLOYING})


@dataclass(kw_only=True, slots=True)
class StackProgress:
    """One stack of a deployment under way."""

    id: str
    """The construct id, as in `cdk deploy <id>`."""
    stack_name: str
    """CloudFormation's name for it."""
    phase: Phase = Phase.WAITING
    resources_done: int = 0
    resources_total: int | None = None
    started: float | None = None
    seconds: float | None = None
    """How long publishing and deployment took, once they are over."""
    failures: list[str] = field(default_factory=list)
    """A line per resource that failed: its path, its type and CloudFormation's reason."""


class DeployProgress:
    """The state of a deployment, fed line by line."""

    def __init__(self, assembly: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Follow a deployment of the cloud assembly in a folder."""
        self._clock = clock
        self.stacks = {
            stack.name: StackProgress(id=stack.id, stack_name=stack.name) for stack in read_assembly(assembly).stacks
        }
        """By CloudFormation name, in the assembly's order."""
        self.order: list[tuple[str, Phase]] = []
        """Construct id and phase for every change of phase, in the order in which they happened."""

    def read(self, line: str) -> StackProgress | None:
        """Take a line of output; returns the stack it was about, if it told anything new."""
        line = line.rstrip()
        if found := _EVENT.match(line):
            return self._event(found)
        for pattern, phase in _STEPS:
            if found := pattern.match(line):
                return self._enter(found["stack"], phase)
        return None

    def failures(self) -> list[StackProgress]:
        """The stacks that failed."""
        return [stack for stack in self.stacks.values() if stack.phase is Phase.FAILED]

    def _enter(self, stack_name: str, phase: Phase) -> StackProgress | None:
        stack = self.stacks.get(stack_name)
        # Each asset of a stack is announced, and the template's may be after the first.
        if stack is None or stack.phase is phase or (phase is Phase.PUBLISHING and stack.phase is not Phase.WAITING):
            return None
        stack.phase = phase
        now = self._clock()
        if phase in _UNDER_WAY:
            stack.started = now if stack.started is None else stack.started
        else:
            stack.seconds = now - stack.started if stack.started is not None and phase is not Phase.UNCHANGED else 0.0
        self.order.append((stack.id, phase))
        return stack

    def _event(self, event: re.Match[str]) -> StackProgress | None:
        stack = self.stacks.get(event["stack"])
        if stack is None:
            return None
        stack.resources_done = int(event["done"])
        if event["total"]:
            stack.resources_total = int(event["total"])
        if event["status"].endswith("_FAILED") and event["logical_id"]:
            reason = event["reason"] or "no reason given"
            stack.failures.append(f"{event['resource']} ({event['type']}): {reason}")
        return stack
