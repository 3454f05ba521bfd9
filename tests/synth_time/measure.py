"""Runs syntheses in turn, and puts their times side by side."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, TemporaryFile
from time import monotonic

from constructs_lib.project import PROJECT_ROOT
from tests.support.synth import ACCOUNT, REGION, cdk_context, overrides_for
from tests.synth_time.synthesis import WITH, WITHOUT

Name = tuple[str, str]
TARGET_PERCENT = 10


class SynthesisError(Exception):
    """A synthesis that did not end well; the message is what it said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Time:
    """What a synthesis took."""

    seconds: float
    """From the start of its process to the end."""
    cpu_seconds: float
    """Of the processor, in Python: the CDK itself runs in a process beside it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    """What syntheses of an environment took."""

    checked: Sequence[Time]
    unchecked: Sequence[Time]

    @property
    def medians(self) -> tuple[float, float]:
        """Seconds with the checks, and without."""
        return median(time.seconds for time in self.checked), median(time.seconds for time in self.unchecked)

    @property
    def percent(self) -> float:
        """What checks add to the time without them, in percent of it."""
        checked, unchecked = self.medians
        return 100 * (checked / unchecked - 1)

    @property
    def cpu_percent(self) -> float:
        """Processor time that checks add, in percent of the time without them.

        Checks wait for nothing, so on an idle machine it is what they add; on a busy one it is by far the steadier
        figure.
        """
        checked, unchecked = (median(time.cpu_seconds for time in way) for way in (self.checked, self.unchecked))
        return 100 * (checked - unchecked) / self.medians[1]


def synthesize(name: Name, way: str, outdir: Path) -> Time:
    """Return what a process takes to synthesize an environment.

    Raises:
        SynthesisError: it did not.
    """
    system, environment = name
    context = cdk_context() | {"system": system, "env": environment} | overrides_for(system, environment)
    variables = {
        **os.environ,
        "CDK_OUTDIR": str(outdir),
        "CDK_CONTEXT_JSON": json.dumps(context),
        "CDK_VALIDATION": "false",
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
    }
    command = [sys.executable, "-m", "tests.synth_time.synthesis", way]
    with TemporaryFile("w+") as said:
        started = monotonic()
        process = subprocess.Popen(command, cwd=PROJECT_ROOT, env=variables, stdout=said, stderr=said)  # noqa: S603
        _, status, used = os.wait4(process.pid, 0)
        seconds = monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        if process.returncode or not (outdir / "manifest.json").exists():
            raise SynthesisError(f"{system}/{environment} {way} its checks: {said.read().strip() or 'no assembly'}")
    return Time(seconds=seconds, cpu_seconds=used.ru_utime + used.ru_stime)


def measure(names: Sequence[Name], repetitions: int) -> Iterator[tuple[Name, Times]]:
    """Yield the times of each environment, measured in turn; the first pair of each is not counted."""
    for name in names:
        found: Mapping[str, list[Time]] = {WITH: [], WITHOUT: []}
        for number in range(repetitions + 1):
            # Neither is always the one that comes after the other.
            for way in (WITH, WITHOUT) if number % 2 else (WITHOUT, WITH):
                with TemporaryDirectory() as folder:
                    taken = synthesize(name, way, Path(folder))
                if number:
                    found[way].append(taken)
        yield name, Times(checked=found[WITH], unchecked=found[WITHOUT])


def heading() -> str:
    """Return the line above the table."""
    return f"{'environment':24}{'with, s':>10}{'without, s':>12}{'added':>9}{'by CPU':>10}"


def line(name: Name, times: Times) -> str:
    """Return an environment's line of the table."""
    checked, unchecked = times.medians
    over = "" if times.cpu_percent <= TARGET_PERCENT else f"  above {TARGET_PERCENT} %"
    return (
        f"{'/'.join(name):24}{checked:10.2f}{unchecked:12.2f}{times.percent:+7.1f} %{times.cpu_percent:+8.1f} %{over}"
    )
