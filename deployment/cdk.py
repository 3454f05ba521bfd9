"""Runs the CDK CLI, its output where the person sees it."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from deployment.errors import DeploymentError, InputError

# As many as `make up` deploys side by side, and README.md tells to.
_CONCURRENCY = 4
_QUIET = ("--no-notices", "--no-version-reporting")


def synthesize(folder: Path, context: Sequence[str]) -> None:
    """Write the app's cloud assembly into a folder; `context` has a `name=value` each.

    Raises:
        InputError: the app refused; it has said why.
    """
    given = [part for each in context for part in ("-c", each)]
    if _run(["synth", "--quiet", *_QUIET, "--output", str(folder), *given]) != 0:
        raise InputError("nothing is deployed: the app could not be synthesized, for the reason above")


def deploy_all(assembly: Path, *, ask: bool, approved: bool) -> None:
    """Deploy every stack; one after the other if the CLI may have to ask.

    Raises:
        DeploymentError: a stack failed, or was not approved; the CLI has said why.
    """
    concurrency = 1 if ask and not approved else _CONCURRENCY
    _deploy(assembly, ["--all", "--concurrency", str(concurrency)], approved=approved)


def deploy_again(assembly: Path, stack_id: str, *, approved: bool) -> None:
    """Deploy one stack although its template is what is deployed.

    Raises:
        DeploymentError: it failed, or was not approved; the CLI has said why.
    """
    _deploy(assembly, ["--exclusively", "--force", stack_id], approved=approved)


def _deploy(assembly: Path, arguments: Sequence[str], *, approved: bool) -> None:
    yes = ["--yes"] if approved else []
    command = ["deploy", "--app", str(assembly), *arguments, "--require-approval=destructive", *yes, *_QUIET]
    if _run(command) != 0:
        # CloudFormation may know of a replacement that templates do not tell, such as another newest machine image.
        hint = "" if approved else "; if it had to ask, and you agree: YES=1"
        raise DeploymentError(f"cdk {' '.join(command)} failed, for the reason above{hint}")


def _run(arguments: Sequence[str]) -> int:
    try:
        return subprocess.run(["cdk", *arguments], check=False).returncode  # noqa: S603, S607  # the locked one in PATH
    except FileNotFoundError:
        raise DeploymentError("the CDK CLI is not in PATH; type: make install, and use make deploy") from None
