"""Sends again what failed, by the system's own function, and tells what came of it."""

from rich.console import Console
from rich.table import Table

from local.errors import LocalError
from local.functions import deployed, invoke
from local.settings import Settings

OUTPUT = "ReplayFunctionName"
# What the function answers, and what people understand by it.
LINES = {
    "from_dlq": "queued again from the dead-letter queue",
    "failed": "queued again from the database",
    "overdue": "failed as of now: their messages did not come back",
    "settled": "dead letters with nothing left to do, deleted",
    "busy": "dead letters in delivery, left there for a later replay",
    "malformed": "dead letters that are no notification, left there",
    "left_in_outbox": "still to be put on the queue",
}


def replay(settings: Settings, console: Console, *, system: str, env: str, limit: int) -> None:
    """Call the function of a deployed system, and print a line for each of its figures.

    Raises:
        LocalError: the system is not deployed, it has no such function, or the function failed.
    """
    deployment = deployed(settings, system, env)
    function = deployment.output(OUTPUT)
    if function is None:
        raise LocalError(
            f"{system} {env} has no output {OUTPUT}: its failures are not sent again by a function;"
            " deployed before there was one, it gets one by: make up"
        )
    answer = invoke(settings, function, {"limit": limit}, advice="it can be called again; type: make logs")
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim")
    table.add_column("notifications")
    table.add_column("", justify="right")
    for name, meaning in LINES.items():
        table.add_row(meaning, str(answer.get(name, "-")))
    console.print(table)
    queued = answer["from_dlq"] + answer["failed"]
    if answer.get("more") or queued >= limit:
        console.print(
            f"there may be more: {queued} were queued, {limit} asked for; type it again", markup=False, soft_wrap=True
        )
