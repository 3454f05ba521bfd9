"""A system that has no demonstration of its own: whether it answers is all that can be asked of it."""

import time

from local.demos.stage import Demo, Stage


def run(stage: Stage) -> None:
    """Ask the API for its health; without an API, say that there is nothing to ask."""
    system = stage.deployment.system
    if stage.deployment.api_url is None:
        stage.show("health", "not asked", f"{system} has no output ApiUrl")
        return
    started = time.monotonic()
    stage.wait_until_ready("/health")
    stage.show("health", "answers", f"{stage.api_url}/health", since=started)
    stage.show("work", "not shown", f"{system} has no demonstration; local/demos holds those of others")


DEMO = Demo(
    name="health",
    doing="asking for its health",
    run=run,
    uses_telegram=True,
    uses_webhooks=True,
    https_only_in=frozenset({"prod"}),
)
