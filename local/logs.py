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
    """A function's CloudWatch log group, from an hour ago on."""

    name: str
    """The function's name."""
    group: str
    settings: Settings
    since: int = field(default_factory=lambda: int((time.time() - _FUNCTIONS_PAST_SECONDS) * 1000))
    """Milliseconds since the epoch: where the next reading begins."""
    _seen_at_since: int = 0

    def tail(self, lines: int) -> list[str]:
        """The last lines; what is written later comes from `new_lines`."""
        return self.new_lines()[-lines:]

    def new_lines(self) -> list[str]:
        """Lines written since the last call."""
        logs = session(self.settings).client("logs", **client_options(self.settings))
        try:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=self.group, startTime=self.since)
            events = sorted(
                ((event["timestamp"], event["message"]) for page in pages for event in page["events"]),
                key=lambda event: event[0],
            )
        except (BotoCoreError, ClientError):
            return []  # the group or the cloud is gone
        # A reading begins with the very millisecond at which the last one ended, so some events come again.
        fresh = events[self._seen_at_since :]
        if fresh:
            self.since = fresh[-1][0]
            self._seen_at_since = sum(1 for at, _ in events if at == self.since)
        return [line for _, message in fresh for line in message.splitlines()]


Log = FileLog | GroupLog


def show(settings: Settings, *, names: Sequence[str], lines: int, follow: bool) -> None:
    """Print the last lines of each log, and with `follow` go on until interrupted.

    Raises:
        InputError: no log has a name like one that is asked for.
    """
    logs = _find(settings, names)
    if names and not logs:
        # A service may have had many tasks: each counts by its folder.
        known = ", ".join(dict.fromkeys(name.split("/")[0] for name in _find(settings, ()))) or "none yet"
        raise InputError(f"no log is named like {' or '.join(names)}; there are: {known}")
    for name, log in logs.items():
        _print(name, log.tail(lines))
    while follow:
        time.sleep(_POLL_SECONDS)
        for name, log in _find(settings, names).items():
            _print(name, logs.setdefault(name, log).new_lines())


def _find(settings: Settings, names: Sequence[str]) -> dict[str, Log]:
    """Every log, or those with a name that contains one of the given ones."""
    found: list[Log] = []
    for path in sorted(settings.logs.rglob("*.log")):
        found.append(FileLog(path.relative_to(settings.logs).with_suffix("").as_posix(), path))  # noqa: PERF401
    if is_healthy(settings):
        client = session(settings).client("lambda", **client_options(settings))
        for page in client.get_paginator("list_functions").paginate():
            for function in page["Functions"]:
                name = function["FunctionName"]
                group = function.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}")
                found.append(GroupLog(name, group, settings))
    return {log.name: log for log in found if not names or any(name in log.name for name in names)}


def _print(name: str, lines: Sequence[str]) -> None:
    for line in lines:
        print(f"{name} | {line}", flush=True)
