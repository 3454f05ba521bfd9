"""Shows people how far things are: live where there is a terminal, line by line where there is none."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from local.cdk_output import DeployProgress, Phase, StackProgress

STYLES = {
    Phase.WAITING: "dim",
    Phase.PUBLISHING: "yellow",
    Phase.DEPLOYING: "yellow",
    Phase.DONE: "green",
    Phase.UNCHANGED: "green",
    Phase.FAILED: "bold red",
}


class Phases:
    """Announces the phases of a command and keeps the seconds each took."""

    def __init__(self, console: Console) -> None:
        """Write to a console."""
        self.console = console
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str, doing: str) -> Iterator[None]:
        """Say what begins, and how long it took once it is over."""
        started = time.monotonic()
        with self.console.status(escape(doing)) if self.console.is_terminal else _announced(self.console, doing):
            yield
        self.seconds[name] = time.monotonic() - started
        self.console.print(f"[green]✓[/] {escape(name)} [dim]{self.seconds[name]:.1f} s[/]")

    @property
    def total(self) -> float:
        """Seconds of all phases."""
        return sum(self.seconds.values())


class DeploymentView:
    """A line per stack while a deployment runs."""

    def __init__(self, console: Console) -> None:
        """Write to a console."""
        self._console = console
        self._progress: DeployProgress | None = None
        self._started = time.monotonic()
        self._told: dict[str, Phase] = {}
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=5, transient=True)

    def __enter__(self) -> Self:
        """Begin to show."""
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop; what was reached stays on the screen."""
        if self._console.is_terminal:
            self._live.stop()
            self._console.print(self._table())

    def update(self, progress: DeployProgress) -> None:
        """Take note of where the deployment is."""
        self._progress = progress
        if self._console.is_terminal:
            return
        for stack in progress.stacks.values():
            # On lines of their own, more steps on the way would only repeat each other.
            step = Phase.WAITING if stack.phase is Phase.PUBLISHING else stack.phase
            if self._told.get(stack.stack_name, Phase.WAITING) is not step:
                self._told[stack.stack_name] = step
                self._console.print(f"  {stack.id}: {describe(stack)}", markup=False, highlight=False)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        if self._progress is None:
            table.add_row(f"  starting the CDK CLI … {time.monotonic() - self._started:.0f} s")
            return table
        for stack in self._progress.stacks.values():
            style = STYLES[stack.phase]
            table.add_row(f"  {escape(stack.id)}", f"[{style}]{describe(stack)}[/]")
        return table


def describe(stack: StackProgress) -> str:
    """Where a stack is, in a few words."""
    match stack.phase:
        case Phase.DEPLOYING if stack.resources_total:
            return f"deploying, {stack.resources_done} of {stack.resources_total} resources"
        case Phase.DEPLOYING:
            return "deploying"
        case Phase.DONE:
            return f"done in {stack.seconds or 0:.1f} s"
        case _:
            return str(stack.phase)


@contextmanager
def _announced(console: Console, doing: str) -> Iterator[None]:
    console.print(f"{doing} …", markup=False)
    yield
