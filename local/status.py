"""`status`: what runs, what is deployed and where, and which resources have no effect here."""

import json
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
from rich.console import Console

from local.cloud import Cloud, is_healthy
from local.errors import LocalError
from local.processes import running
from local.report import print_stacks
from local.servers import EMULATOR, RECEIVER, receiver_answers
from local.settings import Settings
from local.state import StackState, State, load


def status(settings: Settings, console: Console) -> None:
    """Print the state of this folder's cloud.

    Raises:
        LocalError: nothing runs, or the cloud does not answer.
    """
    emulator, receiver = running(settings, EMULATOR), running(settings, RECEIVER)
    if emulator is None:
        raise LocalError("no cloud runs; type: make up")
    if not is_healthy(settings):
        raise LocalError(f"the emulator runs (process {emulator.pid}) but does not answer; type: make down up")
    receiver_line = "stopped"
    if receiver is not None and receiver_answers(settings):
        receiver_line = f"process {receiver.pid}, {settings.receiver_url}"
    console.print(f"emulator   process {emulator.pid}, {settings.endpoint_url}", markup=False)
    console.print(f"receiver   {receiver_line}", markup=False)
    for kind, count in sorted(_children(emulator).items()):
        console.print(f"{kind:<11}{count}", markup=False)
    _print_recorded_only(settings, console)
    console.print()
    state = load(settings)
    if state is None:
        console.print("no deployment has been finished; type: make up")
        return
    print_stacks(console, replace(state, stacks=_current(state, Cloud(settings))))


def _current(state: State, cloud: Cloud) -> dict[str, StackState]:
    """The stacks of the last deployment as they are now; whoever used the CDK CLI since may have changed them."""
    deployed = cloud.stacks()
    return {
        name: replace(stack, status=deployed[stack.stack_name].status if stack.stack_name in deployed else "DELETED")
        for name, stack in state.stacks.items()
    }


def _children(emulator: psutil.Process) -> Counter[str]:
    """How many processes of each kind the emulator has started itself."""
    kinds: Counter[str] = Counter()
    for child in emulator.children():
        with suppress(psutil.Error):
            kinds[_kind(child)] += 1
    return kinds


def _kind(process: psutil.Process) -> str:
    command = process.cmdline()
    if Path(command[0] if command else "").name == "postgres":
        return "PostgreSQL"
    if "images" in Path(process.cwd()).parts:
        return "tasks"
    return "functions"


def _print_recorded_only(settings: Settings, console: Console) -> None:
    """Which resource types the emulator keeps in mind and does nothing about."""
    try:
        recorded = json.loads((settings.directory / "recorded-only.json").read_text())
    except (OSError, ValueError):
        return
    types = Counter(each["type"] if isinstance(each, dict) else str(each) for each in recorded)
    if types:
        console.print("\nwithout effect here, only recorded:")
        for name, count in sorted(types.items()):
            console.print(f"  {name} ({count})", markup=False)
