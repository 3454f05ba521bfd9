"""Everything that failed is sent again, by everybody at once and more than once."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from tests.faults.stage import Stage
from tests.faults.verdict import stored

_MOST = 1000
_ROUNDS = 20
_PAUSE_SECONDS = 0.5


def send_again(stage: Stage, prefix: str) -> list[str]:
    """Replay by the operator's function and by the API, side by side, until nothing has failed; complaints."""
    ways: list[Callable[[], list[str]]] = [lambda: _by_function(stage), lambda: _by_api(stage)]
    for _ in range(_ROUNDS):
        with ThreadPoolExecutor(2 * len(ways), thread_name_prefix="replay") as executor:
            # Each way twice at the same time.
            complaints = [each for told in executor.map(lambda way: way(), ways * 2) for each in told]
        if complaints:
            return complaints
        if not _failed(stage, prefix):
            return []
        time.sleep(_PAUSE_SECONDS)
    return [f"{_failed(stage, prefix)} are still failed after {_ROUNDS} replays of {_MOST}"]


def _failed(stage: Stage, prefix: str) -> int:
    return sum(row["status"] == "failed" for row in stored(stage, prefix))


def _by_function(stage: Stage) -> list[str]:
    client = stage.cloud.client("lambda")
    name = stage.cloud.output("Worker", "ReplayFunctionName")
    try:
        answer = client.invoke(FunctionName=name, Payload=json.dumps({"limit": _MOST}).encode())
    except client.exceptions.TooManyRequestsException:
        # It runs once at a time: who comes second is told so.
        return []
    content = answer["Payload"].read().decode()
    return [f"the function failed: {content}"] if answer.get("FunctionError") else []


def _by_api(stage: Stage) -> list[str]:
    answer = stage.cloud.request("/notifications/replay", {"limit": _MOST})
    return [] if answer.status == HTTPStatus.ACCEPTED else [f"the API answered {answer.status}: {answer.document}"]
