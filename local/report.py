"""What people read at the end of `up` and from `status`: the stacks, how long they took, and the addresses."""

from rich.console import Console
from rich.table import Table

from local.progress import Phases
from local.state import State


def print_stacks(console: Console, state: State) -> None:
    """A line per stack and a line per address."""
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim")
    table.add_column("stack")
    table.add_column("status")
    table.add_column("seconds", justify="right")
    for name, stack in state.stacks.items():
        style = "green" if stack.status.endswith("COMPLETE") and "ROLLBACK" not in stack.status else "bold red"
        table.add_row(name, f"[{style}]{stack.status}[/]", f"{stack.seconds:.1f}" if stack.seconds else "unchanged")
    console.print(table)
    addresses = {
        "API": state.api_url,
        "API, documented": f"{state.api_url}/openapi.json" if state.api_url else None,
        "deliveries": f"{state.receiver_url}/",
        "AWS endpoint": state.endpoint_url,
        "CA to trust": state.ca_bundle,
    }
    for name, address in addresses.items():
        if address:
            console.print(f"{name + ':':<17}{address}", markup=False, highlight=False, soft_wrap=True)


def print_summary(console: Console, state: State, phases: Phases) -> None:
    """The stacks, the addresses, the seconds of every phase, and what to type next."""
    console.print()
    print_stacks(console, state)
    parts = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in phases.seconds.items())
    console.print(f"\n{phases.total:.1f} s in all: {parts}", markup=False, highlight=False)
    console.print('next: make status, make logs, make down; eval "$(make -s env)" for the AWS CLI', markup=False)
