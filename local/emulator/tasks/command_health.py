"""The health check of a container definition: a command that is run beside the container, in its environment."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.emulator.processes import ProcessLedger
from local.emulator.tasks.images import Image

# What ECS takes where the definition says nothing; seconds.
_INTERVAL, _TIMEOUT, _RETRIES = 30.0, 5.0, 3


@dataclass(frozen=True, slots=True)
class CommandCheck:
    """A command whose status 0 means healthy."""

    arguments: tuple[str, ...]
    interval_seconds: float
    timeout_seconds: float
    unhealthy_count: int
    start_period_seconds: float
    cwd: Path
    environment: Mapping[str, str]
    output: Path
    """What the last run wrote."""
    ledger: ProcessLedger

    @property
    def name(self) -> str:
        """The command."""
        return " ".join(self.arguments)

    @property
    def pace_seconds(self) -> float:
        """A command is a process: not as often as a request."""
        return min(0.5, self.interval_seconds)

    @property
    def patience_seconds(self) -> float:
        """The start period, and the failures that are needed after it."""
        return self.start_period_seconds + self.interval_seconds * self.unhealthy_count

    def passes(self, port: int) -> bool:  # noqa: ARG002 - the command finds it in its environment
        """Whether the command ends with status 0 in time."""
        try:
            with self.output.open("wb") as output:
                process = self.ledger.start(
                    self.arguments, cwd=self.cwd, environment=self.environment, output=output.fileno()
                )
        except (OSError, RuntimeError) as error:
            self.output.write_text(f"{error}\n", encoding="utf-8")
            return False
        try:
            return process.wait(self.timeout_seconds) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            self.ledger.stop(process, grace_seconds=0)


def of_definition(
    definition: Mapping[str, Any],
    image: Image,
    *,
    cwd: Path,
    environment: Mapping[str, str],
    folder: Path,
    ledger: ProcessLedger,
) -> CommandCheck | None:
    """The check of a container definition, if it has one.

    Raises:
        ValueError: its command is of a kind that ECS does not know.
    """
    found: Mapping[str, Any] = definition.get("healthCheck") or {}
    given: list[str] = found.get("command") or ["NONE"]
    kind, command = given[0], given[1:]
    if kind == "NONE":
        return None
    if kind not in ("CMD", "CMD-SHELL") or not command:
        raise ValueError(f"healthCheck.command = {given!r}: begin it with CMD or CMD-SHELL")
    return CommandCheck(
        arguments=("/bin/sh", "-c", *command) if kind == "CMD-SHELL" else (image.program(command[0]), *command[1:]),
        interval_seconds=float(found.get("interval") or _INTERVAL),
        timeout_seconds=float(found.get("timeout") or _TIMEOUT),
        unhealthy_count=int(found.get("retries") or _RETRIES),
        start_period_seconds=float(found.get("startPeriod") or 0),
        cwd=cwd,
        environment=environment,
        output=folder / f"{definition['name']}.health",
        ledger=ledger,
    )
