"""`logs`: the end of every log, each line with the log's name in front; then, if wanted, lines as they are written.

Servers, tasks and the CDK CLI write files below `.local/logs`; functions write to CloudWatch, as on AWS.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from local.cloud import client_options, is_healthy, session
from local.errors import InputError
from local.settings import Settings

_POLL_SECONDS = 0.5
# What is read of a file's end, per line asked for: longer lines are rare, and a log may be large.
_BYTES_PER_LINE = 500
_FUNCTIONS_PAST_SECONDS = 3600


@dataclass(slots=True)
class FileLog:
    """A file that is read from its end."""

    name: str
    path: Path
    position: int = 0

    def tail(self, lines: int) -> list[str]:
        """The last lines; what is written later comes from `new_lines`."""
        with self.path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - lines * _BYTES_PER_LINE))
            found = file.read().decode(errors="replace").splitlines()
            self.position = file.tell()
        return found[-lines:]

    def new_lines(self) -> list[str]:
        """Whole lines written since the last call."""
        try:
            with self.path.open("rb") as file:
                if file.seek(0, 2) < self.position:
                    self.position = 0  # started anew
                file.seek(self.position)
                content = file.read()
        except FileNotFoundError:
            return []
        whole = content[: content.rfind(b"\n") + 1]
        self.position += len(whole)
        return whole.decode(errors="replace").splitlines()


@dataclass(slots=True)
class GroupLog:
    """A CloudWatch log group, from an hour ago on."""

    name: str
    settings: Settings
    since: int = field(default_factory=lambda: int((time.time() - _FUNCTIONS_PAST_SECONDS) * 1000))
    """Milliseconds since the epoch: where the next reading begins."""
    _seen: set[str] = field(default_factory=set)

    def tail(self, lines: int) -> list[str]:
        """The last lines; what is written later comes from `new_lines`."""
        return self.new_lines()[-lines:]

    def new_lines(self) -> list[str]:
        """Lines written since the last call."""
        logs = session(self.settings).client("logs", **client_options(self.settings))
        try:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=self.name, startTime=self.since)
            events = [event for page in pages for event in page["events"] if event["eventId"] not in self._seen]
        except (BotoCoreError, ClientError):
            return []  # the group or the cloud is gone
        if events:
            latest = max(event["timestamp"] for event in events)
            known = self._seen if latest == self.since else set()
            # The next reading begins with this very millisecond.
            self._seen = known | {event["eventId"] for event in events if event["timestamp"] == latest}
            self.since = latest
        events.sort(key=lambda event: event["timestamp"])
        return [line for event in events for line in event["message"].splitlines()]


def show(settings: Settings, *, names: Sequence[str], lines: int, follow: bool) -> None:
    """Print the last lines of each log, and with `follow` go on until interrupted.

    Raises:
        InputError: no log has a name like one that is asked for.
    """
    logs = _find(settings, names)
    if names and not logs:
        known = ", ".join(sorted(log.name for log in _find(settings, ()))) or "none yet"
        raise InputError(f"no log is named like {' or '.join(names)}; there are: {known}")
    for name, log in logs.items():
        _print(name, log.tail(lines))
    while follow:
        time.sleep(_POLL_SECONDS)
        for name, log in _find(settings, names).items():
            _print(name, logs.setdefault(name, log).new_lines())


def _find(settings: Settings, names: Sequence[str]) -> dict[str, FileLog | GroupLog]:
    """Every log, or those with a name that contains one of the given ones."""
    found: list[FileLog | GroupLog] = []
    found += [
        FileLog(path.relative_to(settings.logs).with_suffix("").as_posix(), path)
        for path in sorted(settings.logs.rglob("*.log"))
    ]
    if is_healthy(settings):
        client = session(settings).client("logs", **client_options(settings))
        groups = [
            group for page in client.get_paginator("describe_log_groups").paginate() for group in page["logGroups"]
        ]
        found += [GroupLog(group["logGroupName"], settings) for group in groups]
    return {log.name: log for log in found if not names or any(name in log.name for name in names)}


def _print(name: str, lines: Sequence[str]) -> None:
    for line in lines:
        print(f"{name} | {line}", flush=True)
