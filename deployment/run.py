"""A deployment from synthesis to the last consumer."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assembly.changes.classify import compare
from assembly.changes.model import Comparison
from assembly.changes.report import as_text
from assembly.changes.sources import TemplateSet, read_set
from assembly.errors import InputError as TemplatesError
from deployment import cdk
from deployment.deployed import deployed, write
from deployment.errors import DeploymentError, InputError
from deployment.touch import touch


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What to deploy, and what a person has agreed to."""

    folder: Path
    """Takes the assembly and the templates that are deployed."""
    context: tuple[str, ...]
    """CDK context, a `name=value` each."""
    confirmed: tuple[str, ...] = ()
    """Logical ids, or stack/logical id, of what may be lost."""
    approved: bool = False
    """Whether what holds no data may be replaced without a question."""
    only_look: bool = False
    """Whether to end before the first stack is touched."""


def deploy(wanted: Wanted) -> None:
    """Synthesize, compare with what is deployed, deploy, and deploy consumers of what was replaced once more.

    Raises:
        InputError: the app or a confirmation is wrong; nothing is deployed.
        DeploymentError: it would lose data and nothing is deployed, or the CDK CLI failed.
    """
    target = wanted.folder / "assembly"
    cdk.synthesize(target, wanted.context)
    planned = _read(target)
    there = deployed(planned)
    if not there.stacks:
        _refuse_unknown(wanted.confirmed, wanted.confirmed)
        print(f"first deployment of {len(planned.stacks)} stacks: nothing is there that could be lost", flush=True)
        if not wanted.only_look:
            cdk.deploy_all(target, ask=False, approved=wanted.approved)
        return
    write(there, wanted.folder / "deployed")
    comparison = _compared(there, planned)
    print(as_text(comparison, target, wanted.confirmed), end="", flush=True)
    _refuse_unknown(comparison.unknown(wanted.confirmed), wanted.confirmed)
    _refuse_danger(comparison, wanted)
    if wanted.only_look:
        return
    ask = bool(comparison.destructive())
    cdk.deploy_all(target, ask=ask, approved=wanted.approved)
    for consumer in comparison.consumers:
        touch(target, consumer)
        cdk.deploy_again(target, consumer.stack_id, approved=wanted.approved)


def _read(folder: Path) -> TemplateSet:
    try:
        return read_set(folder)
    except TemplatesError as error:
        raise InputError(str(error)) from None


def _compared(there: TemplateSet, planned: TemplateSet) -> Comparison:
    try:
        return compare(there, planned)
    except TemplatesError as error:
        raise InputError(str(error)) from None


def _refuse_unknown(unknown: Sequence[str], confirmed: Sequence[str]) -> None:
    if unknown:
        raise InputError(
            f"CONFIRM={' '.join(confirmed)!r}: nothing would be lost with {', '.join(unknown)}; leave it out"
        )


def _refuse_danger(comparison: Comparison, wanted: Wanted) -> None:
    if dangers := comparison.dangers(wanted.confirmed):
        names = ", ".join(change.name for change in dangers)
        raise DeploymentError(f"nothing is deployed, because data would be lost with: {names}")
    replaced = comparison.destructive()
    if replaced and not wanted.only_look and not wanted.approved and not sys.stdin.isatty():
        raise DeploymentError(
            f"nothing is deployed, because {len(replaced)} resources are replaced or removed, as above, and nobody is "
            "there to be asked; in a terminal the CDK CLI asks for each stack, and YES=1 agrees beforehand"
        )
