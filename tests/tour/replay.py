"""Runs the command of a mistake, and says whether it was caught."""

import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from constructs_lib.project import PROJECT_ROOT
from tests.tour.catalogue import Mistake
from tests.tour.workshop import Workshop

_TIMEOUT_SECONDS = 800
# Of the caller's environment: all else, such as an account, a CI server or another test run, would change what is said.
_KEPT = ("HOME", "TMPDIR", "USER", "LOGNAME")
_GIVEN = {
    "LC_ALL": "C.UTF-8",
    "COLUMNS": "100",
    "NO_COLOR": "1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "CDK_DISABLE_VERSION_CHECK": "1",
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    # The CDK's own rule engine takes seconds of each synthesis, and none of these mistakes is its to find.
    "CDK_VALIDATION": "false",
}
_DURATION = re.compile(r"(?<= in )\d+\.\d+s(?: \(\d+:\d\d:\d\d\))?")
# What is written above a line moves it.
_LINE = re.compile(r"(?<=\.py:)\d+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of a mistake."""

    mistake: Mistake
    output: str
    """Of both streams, without what differs from run to run and from machine to machine."""
    exit_code: int
    seconds: float

    @property
    def complaints(self) -> list[str]:
        """Why it does not count as caught; empty if it does."""
        wanted = self.mistake
        found = []
        if self.exit_code != wanted.exit_code:
            found.append(f"ended with {self.exit_code}, not with {wanted.exit_code}")
        return found + [f"does not say {text!r}" for text in wanted.says if text not in self.output]


def replay(workshop: Workshop, mistake: Mistake) -> Outcome:
    """Make the mistake, run its command, and undo it.

    Raises:
        TourError: the mistake cannot be made.
    """
    started = time.monotonic()
    with workshop.made(mistake):
        exit_code, output = _run(mistake.command, workshop.root)
    return Outcome(
        mistake=mistake,
        output=normalized(output, workshop.root),
        exit_code=exit_code,
        seconds=time.monotonic() - started,
    )


def normalized(output: str, root: Path) -> str:
    """Output of a command that ran in a folder, without its path, durations and numbers of lines of source."""
    for folder in {root, root.resolve(), PROJECT_ROOT}:
        output = output.replace(f"{folder}/", "")
    output = _LINE.sub("…", _DURATION.sub("… s", output))
    return "\n".join(line.rstrip() for line in output.strip("\n").splitlines())


def _run(command: str, root: Path) -> tuple[int, str]:
    programs = f"{root}/.venv/bin:{root}/node_modules/.bin:{os.environ['PATH']}"
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | _GIVEN | {"PATH": programs}
    process = subprocess.Popen(  # noqa: S603  # what stands in the catalogue
        ["/bin/bash", "-o", "pipefail", "-c", command],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        output += f"\ndid not end within {_TIMEOUT_SECONDS} s"
    except BaseException:  # interrupted: nothing may go on by itself
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    return process.returncode, output
