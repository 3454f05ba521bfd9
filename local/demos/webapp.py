"""webapp: a page is written and read, Prometheus sees it being served, and the backup function proves a dump."""

import json
import time
from uuid import uuid4

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.cloud import CLIENT_CONFIG, client_options, session
from local.demos import prometheus
from local.demos.stage import Demo, NotYetError, Stage
from local.errors import LocalError

DUMP_OUTPUT = "DumpFunctionName"
_DUMP_BOUND_SECONDS = 120


def run(stage: Stage) -> None:
    """Do all three, and show each."""
    stage.wait_until_ready("/health")
    started = time.monotonic()
    path, page = f"/pages/hello-{uuid4().hex[:8]}", {"title": "Hello", "body": "From the embedded cloud."}
    stage.ask(path, page, method="PUT")
    found = stage.ask(path)
    if found | page != found:
        raise LocalError(f"{path} holds {found} instead of {page}")
    stage.show("page", "served", f"{stage.api_url}{path}", since=started)
    _back_up(stage)
    _watch(stage)


def _back_up(stage: Stage) -> None:
    name = stage.deployment.output(DUMP_OUTPUT)
    if name is None:
        raise LocalError(f"no stack has an output {DUMP_OUTPUT}, so there is no function that makes dumps")
    options = client_options(stage.settings)
    options["config"] = CLIENT_CONFIG.merge(Config(read_timeout=_DUMP_BOUND_SECONDS, retries={"total_max_attempts": 1}))
    started = time.monotonic()
    try:
        answer = session(stage.settings).client("lambda", **options).invoke(FunctionName=name, Payload=b"{}")
    except (BotoCoreError, ClientError) as error:
        raise LocalError(f"the backup function {name} could not be called: {error}") from None
    report = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise LocalError(f"the backup function {name} failed: {report.get('errorMessage', report)}; type: make logs")
    stage.show("dump", "proven", f"rows restored and compared: {report['rows']}   {report['key']}", since=started)


def _watch(stage: Stage) -> None:
    started = time.monotonic()

    def scraped() -> float:
        if prometheus.value(stage, 'up{service="web"}') < 1:
            raise NotYetError("Prometheus has not reached the web service")
        return prometheus.value(stage, "aws_alb_up")

    stage.wait_for("Prometheus to have asked service and load balancer", scraped)
    stage.show("prometheus", "scrapes", f"web and its load balancer   {prometheus.address(stage)}/graph", since=started)


DEMO = Demo(name="pages", doing="writing a page, dumping it, waiting for its metrics", run=run)
