"""What people read at the end of `up` and from `status`: the stacks, how long they took, and the addresses."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from local.progress import Phases
from local.settings import Settings
from local.state import Deployment, State
from local.web import UnreachableError, get_json


def print_stacks(console: Console, settings: Settings, deployment: Deployment) -> None:
    """A line per stack, and where the API is."""
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim")
    table.add_column("stack")
    table.add_column("status")
    table.add_column("seconds", justify="right")
    for name, stack in deployment.stacks.items():
        style = "green" if stack.status.endswith("COMPLETE") and "ROLLBACK" not in stack.status else "bold red"
        table.add_row(name, f"[{style}]{stack.status}[/]", f"{stack.seconds:.1f}" if stack.seconds else "unchanged")
    console.print(table)
    if deployment.api_url:
        _print_address(console, "API", deployment.api_url)
        description = f"{deployment.api_url}/openapi.json"
        if _answers(settings, description):
            _print_address(console, "API, documented", description)


def print_addresses(console: Console, state: State) -> None:
    """A line per address that all deployments share."""
    _print_address(console, "deliveries", f"{state.receiver_url}/")
    _print_address(console, "AWS endpoint", state.endpoint_url)
    _print_address(console, "CA to trust", state.ca_bundle)


def print_summary(console: Console, settings: Settings, state: State, phases: Phases, *, notes: Sequence[str]) -> None:
    """The stacks, the addresses, the seconds of every phase, what differs from AWS, and what to type next."""
    console.print()
    print_stacks(console, settings, state.last)
    print_addresses(console, state)
    if others := [f"{each.system} {each.env}" for each in state.deployments.values() if each is not state.last]:
        console.print(f"deployed besides: {', '.join(others)}", markup=False, highlight=False, soft_wrap=True)
    for note in notes:
        console.print(f"note: {note}", markup=False, highlight=False, soft_wrap=True)
    parts = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in phases.seconds.items())
    console.print(f"\n{phases.total:.1f} s in all: {parts}", markup=False, highlight=False, soft_wrap=True)
    console.print(
        'next: make status, make logs, make down; eval "$(make -s env)" for the AWS CLI', markup=False, soft_wrap=True
    )


def _print_address(console: Console, name: str, address: str) -> None:
    console.print(f"{name + ':':<17}{address}", markup=False, highlight=False, soft_wrap=True)


def _answers(settings: Settings, url: str) -> bool:
    try:
        get_json(settings, url)
    except UnreachableError:
        return False
    return True
