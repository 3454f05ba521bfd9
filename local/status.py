"""`status`: what runs, what is deployed and where, and which resources have no effect here."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import psutil
from rich.console import Console

from local.cloud import BOOTSTRAP_STACK, Cloud, DeployedStack, is_healthy
from local.errors import LocalError
from local.inventory import Server, running_tasks, servers
from local.processes import running
from local.report import print_addresses, print_stacks
from local.servers import EMULATOR, RECEIVER, receiver_answers
from local.settings import Settings
from local.state import Deployment, State, load

_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "epmd": "epmd",
        "postgres": "PostgreSQL",
        "prometheus": "Prometheus",
        "rabbitmq-server": "RabbitMQ",
        "redis-server": "Redis",
        "valkey-server": "Valkey",
    }
)
"""What to call the emulator's processes, by program."""


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
    for kind, count in sorted((_children(emulator) + Counter(tasks=running_tasks(settings))).items()):
        console.print(f"{kind:<10} {count}", markup=False)
    state = load(settings)
    _print_servers(console, servers(settings, state))
    _print_recorded_only(settings, console)
    deployed = Cloud(settings).stacks()
    for deployment in state.deployments.values() if state else ():
        console.print(f"\n{deployment.system} {deployment.env}", markup=False)
        print_stacks(console, settings, _current(deployment, deployed))
    _print_unfinished(console, state, deployed)
    if state is None:
        console.print("\nno deployment has been finished; type: make up")
        return
    console.print()
    print_addresses(console, state)


def _current(deployment: Deployment, deployed: Mapping[str, DeployedStack]) -> Deployment:
    """A deployment's stacks as they are now; whoever used the CDK CLI since may have changed them."""
    stacks = {
        name: replace(stack, status=deployed[stack.stack_name].status if stack.stack_name in deployed else "DELETED")
        for name, stack in deployment.stacks.items()
    }
    return replace(deployment, stacks=stacks)


def _print_unfinished(console: Console, state: State | None, deployed: Mapping[str, DeployedStack]) -> None:
    """The stacks of deployments that failed on the way, or that were made without `up`."""
    deployments = state.deployments.values() if state else ()
    known = {stack.stack_name for deployment in deployments for stack in deployment.stacks.values()}
    others = [stack for name, stack in deployed.items() if name not in known | {BOOTSTRAP_STACK}]
    if others:
        console.print("\nof no deployment that `make up` has finished:")
        for stack in others:
            console.print(f"  {stack.name}   {stack.status}", markup=False)


def _print_servers(console: Console, found: Sequence[Server]) -> None:
    """Where databases, caches, brokers and Prometheus workspaces are reached."""
    if found:
        console.print("\nservers:")
        for server in found:
            console.print(f"  {server.kind:<11}{server.address}   {server.name}", markup=False, soft_wrap=True)


def _children(emulator: psutil.Process) -> Counter[str]:
    """How many servers and functions the emulator has started itself, by kind."""
    kinds: Counter[str] = Counter()
    for child in emulator.children():
        with suppress(psutil.Error):
            if kind := _kind(child):
                kinds[kind] += 1
    return kinds


def _kind(process: psutil.Process) -> str | None:
    """What to call a process; None for those of tasks, which ECS counts."""
    # A script's interpreter stands before its name, and Redis writes its address behind it.
    for word in process.cmdline()[:2]:
        if kind := _KINDS.get(Path(word.partition(" ")[0]).name):
            return kind
    return None if "images" in Path(process.cwd()).parts else "functions"


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
