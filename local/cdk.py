"""Runs the CDK CLI against the embedded cloud: bootstrap, synth and deploy, as for a real account."""

import os
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from local.cdk_output import DeployProgress
from local.environment import child_environment
from local.errors import LocalError
from local.processes import log_file, stop
from local.settings import Settings

# Neither asks the internet, nor reports to it, nor repeats the validation that `make check` has done.
_QUIET = {
    "CDK_DISABLE_VERSION_CHECK": "1",
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    "CDK_VALIDATION": "false",
    "NO_COLOR": "1",
}
_TAIL_LINES = 20
# How the app begins what it tells without refusing anything.
_WARNING = "groundwork: warning: "
# How the CLI tells what a construct warns of, with the validation of templates and without.
_ANNOTATIONS = (
    re.compile(r"WARNING (?P<said>.+) \(Annotation\)$"),
    re.compile(r"\[Warning at /(?P<place>[^\]]+)\] (?P<said>.+?)(?: \[ack: \S+\])?$"),
)
# How the app says that a value given for one deployment applies to nothing in the system.
_UNUSED_CONTEXT = re.compile(r"leave out -c (?P<name>\w+)=")


class SynthesisError(LocalError):
    """The app could not be synthesized; the message is the app's own."""

    def __init__(self, output: Sequence[str], log: Path) -> None:
        super().__init__(f"the app could not be synthesized:\n{_tail(output, log)}")
        self.unused_context = frozenset(found["name"] for found in map(_UNUSED_CONTEXT.search, output) if found)
        """Names of context values that the app has no use for, and says so."""


def bootstrap(settings: Settings) -> None:
    """Create the CDK's own resources (staging bucket, image repository, roles); the app is not synthesized.

    Raises:
        LocalError: the CLI is not installed or failed.
    """
    environment = f"aws://{settings.account}/{settings.region}"
    # Without --app the CLI takes the one of cdk.json and synthesizes it, although the environment is named.
    arguments = ["bootstrap", environment, "--app", "", "--no-notices"]
    output: list[str] = []
    if _run(settings, arguments, log_name="bootstrap", on_line=output.append) != 0:
        raise LocalError(f"cdk bootstrap failed:\n{_tail(output, log_file(settings, 'bootstrap'))}")


def synthesize(settings: Settings, context: Mapping[str, str]) -> list[str]:
    """Write the app's cloud assembly to the folder that `deploy` takes it from; returns what the app warns of.

    Raises:
        SynthesisError: the app refused, or could not be run.
        LocalError: the CLI is not installed.
    """
    output: list[str] = []
    arguments = [
        *("synth", "--quiet", "--no-notices", "--no-version-reporting"),
        *("--output", str(settings.assembly)),
        *(part for name, value in context.items() for part in ("-c", f"{name}={value}")),
    ]
    if _run(settings, arguments, log_name="synth", on_line=output.append) != 0:
        raise SynthesisError(output, log_file(settings, "synth"))
    own = [line.strip().removeprefix(_WARNING) for line in output if line.startswith(_WARNING)]
    said = [found["said"] for line in output for each in _ANNOTATIONS if (found := each.match(line.strip()))]
    # Each once, however often the CLI tells it.
    return [*own, *dict.fromkeys(said)]


def deploy(settings: Settings, *, on_change: Callable[[DeployProgress], None]) -> DeployProgress:
    """Deploy every stack that was synthesized; `on_change` is called whenever one has moved on.

    Raises:
        LocalError: a stack failed; the message names the resources and reasons.
    """
    progress = DeployProgress(settings.assembly)
    output: list[str] = []

    def read(line: str) -> None:
        output.append(line)
        progress.read(line)
        on_change(progress)

    arguments = [
        *("deploy", "--all", "--concurrency", "4", "--require-approval", "never", "--progress", "events"),
        *("--no-notices", "--no-version-reporting", "--asset-parallelism", "--asset-build-concurrency", "2"),
        *("--app", str(settings.assembly)),
    ]
    if _run(settings, arguments, log_name="cdk", on_line=read) != 0:
        raise LocalError(_failure(progress, output, log_file(settings, "cdk")))
    return progress


def _run(settings: Settings, arguments: Sequence[str], *, log_name: str, on_line: Callable[[str], None]) -> int:
    """Run the CLI, hand over and log each line of its output, and return its exit code."""
    cli = settings.root / "node_modules" / ".bin" / "cdk"
    if not cli.exists():
        raise LocalError(f"the CDK CLI is not installed ({cli} is missing); type: make install")
    environment = child_environment(settings, os.environ) | _QUIET
    log = log_file(settings, log_name)
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w") as file,
        psutil.Popen(
            [str(cli), *arguments],
            cwd=settings.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
    ):
        try:
            for line in process.stdout:
                file.write(line)
                file.flush()
                on_line(line)
            return int(process.wait())
        except BaseException:  # interrupted: neither the CLI nor the app it synthesizes may go on by itself
            stop([*process.children(recursive=True), process], grace_seconds=3)
            raise


def _failure(progress: DeployProgress, output: Sequence[str], log: Path) -> str:
    """What a person needs to know about a deployment that failed."""
    failed = progress.failures()
    if not failed:
        return f"cdk deploy failed:\n{_tail(output, log)}"
    lines = []
    for stack in failed:
        lines.append(f"{stack.id} ({stack.stack_name}) failed:")
        lines += [f"    {failure}" for failure in stack.failures] or [_tail(output, log)]
    return "\n".join([*lines, f"  whole log: {log}"])


def _tail(output: Iterable[str], log: Path) -> str:
    lines = [line.rstrip() for line in output if line.strip()][-_TAIL_LINES:]
    return "\n".join([*(f"    {line}" for line in lines), f"  whole log: {log}"])
