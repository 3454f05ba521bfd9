"""`down`: stops what `up` started, and nothing else."""

from rich.console import Console

from local.lock import exclusive
from local.servers import remove_data, stop_servers
from local.settings import Settings


def down(settings: Settings, console: Console, *, purge: bool) -> None:
    """Stop every process of this folder's cloud; running it again does no harm.

    The cloud keeps its state in memory, so it goes away with it. Logs, images and certificates stay unless `purge`.
    """
    if not settings.directory.exists():
        console.print("nothing runs")
        return
    with exclusive(settings):
        stopped = stop_servers(settings)
        if purge:
            remove_data(settings)
    console.print(f"stopped {stopped} processes" if stopped else "nothing was running")
    if purge:
        console.print(f"removed {settings.directory}", markup=False, soft_wrap=True)
