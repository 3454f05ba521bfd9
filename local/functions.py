"""Calling the functions of a deployed system, as an operator does."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.cloud import client_options, is_healthy, session
from local.errors import LocalError
from local.settings import Settings
from local.state import Deployment, load

# A function's own minute, and its start.
_ANSWER_SECONDS = 90


def deployed(settings: Settings, system: str, env: str) -> Deployment:
    """The deployment of a system in an environment.

    Raises:
        LocalError: there is none here.
    """
    wanted = f"make up SYSTEM={system} ENV={env}"
    state = load(settings)
    if state is None or not is_healthy(settings):
        raise LocalError(f"no cloud runs here; type: {wanted}")
    for deployment in state.deployments.values():
        if (deployment.system, deployment.env) == (system, env):
            return deployment
    known = ", ".join(f"{each.system} {each.env}" for each in state.deployments.values())
    raise LocalError(f"{system} {env} is not deployed here, {known} is; type: {wanted}")


def invoke(settings: Settings, name: str, event: Mapping[str, object], *, advice: str) -> dict[str, Any]:
    """What a function answers.

    Args:
        settings: of the cloud it is in.
        name: of the function.
        event: what it is called with.
        advice: what to do when it fails.

    Raises:
        LocalError: it failed, or says that it did nothing.
    """
    options = client_options(settings)
    # Once: what is repeated because an answer was slow would only find it at work.
    options["config"] = Config(read_timeout=_ANSWER_SECONDS, retries={"total_max_attempts": 1})
    try:
        answer = (
            session(settings).client("lambda", **options).invoke(FunctionName=name, Payload=json.dumps(event).encode())
        )
        content: Any = json.loads(answer["Payload"].read())
    except (BotoCoreError, ClientError, ValueError) as error:
        raise LocalError(f"function {name} could not be invoked with {event}: {error}") from error
    fault = content.get("errorMessage", content) if answer.get("FunctionError") else content.get("error")
    if fault:
        raise LocalError(f"function {name} failed with {event}: {fault}; {advice}")
    return dict(content)
