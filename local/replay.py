"""Sends again what failed, by the system's own function, and tells what came of it."""

import json
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from local.cloud import client_options, is_healthy, session
from local.errors import LocalError
from local.settings import Settings
from local.state import Deployment, load

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

OUTPUT = "ReplayFunctionName"
# The function's own minute, and its start.
_ANSWER_SECONDS = 90
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
    deployment = _deployed(settings, system, env)
    function = deployment.output(OUTPUT)
    if function is None:
        raise LocalError(
            f"{system} {env} has no output {OUTPUT}: its failures are not sent again by a function;"
            " deployed before there was one, it gets one by: make up"
        )
    options = client_options(settings)
    # Once: what is repeated because an answer was slow would only find it at work.
    options["config"] = Config(read_timeout=_ANSWER_SECONDS, retries={"total_max_attempts": 1})
    answer = _invoke(session(settings).client("lambda", **options), function, {"limit": limit})
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


def _deployed(settings: Settings, system: str, env: str) -> Deployment:
    wanted = f"make up SYSTEM={system} ENV={env}"
    state = load(settings)
    if state is None or not is_healthy(settings):
        raise LocalError(f"no cloud runs here; type: {wanted}")
    for deployment in state.deployments.values():
        if (deployment.system, deployment.env) == (system, env):
            return deployment
    known = ", ".join(f"{each.system} {each.env}" for each in state.deployments.values())
    raise LocalError(f"{system} {env} is not deployed here, {known} is; type: {wanted}")


def _invoke(functions: "LambdaClient", name: str, event: dict[str, int]) -> dict[str, Any]:
    try:
        answer = functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        content: Any = json.loads(answer["Payload"].read())
    except (BotoCoreError, ClientError, ValueError) as error:
        raise LocalError(f"function {name} could not be invoked with {event}: {error}") from error
    fault = content.get("errorMessage", content) if answer.get("FunctionError") else content.get("error")
    if fault:
        raise LocalError(f"function {name} failed with {event}: {fault}; it can be called again; type: make logs")
    return dict(content)
