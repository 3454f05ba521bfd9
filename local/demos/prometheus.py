"""Questions to a deployed Prometheus: the managed workspace's, or the service's own where it keeps its data itself."""

from typing import Any
from urllib.parse import urlencode

from local.cloud import client_options, session
from local.demos.stage import NotYetError, Stage
from local.errors import LocalError
from local.web import UnreachableError, get_json

WORKSPACE_OUTPUT = "PrometheusWorkspaceUrl"
SERVICE_OUTPUT = "PrometheusServiceName"
CLUSTER_OUTPUT = "ClusterName"


def address(stage: Stage) -> str:
    """Where queries are answered, without a slash at the end.

    Raises:
        NotYetError: the service has no running task.
        LocalError: the system has no Prometheus.
    """
    if workspace := stage.deployment.output(WORKSPACE_OUTPUT):
        return workspace.rstrip("/")
    service, cluster = stage.deployment.output(SERVICE_OUTPUT), stage.deployment.output(CLUSTER_OUTPUT)
    if service is None or cluster is None:
        raise LocalError(f"no stack has an output {WORKSPACE_OUTPUT}, or {SERVICE_OUTPUT} and {CLUSTER_OUTPUT}")
    ecs = session(stage.settings).client("ecs", **client_options(stage.settings))
    tasks = ecs.list_tasks(cluster=cluster, serviceName=service, desiredStatus="RUNNING")["taskArns"]
    described = ecs.describe_tasks(cluster=cluster, tasks=tasks)["tasks"] if tasks else []
    for task in described:
        for container in task["containers"]:
            for binding in container.get("networkBindings", []):
                return f"http://127.0.0.1:{binding['hostPort']}"
    raise NotYetError(f"no task of {service} runs")


def value(stage: Stage, query: str) -> float:
    """The one number that a query is answered with.

    Raises:
        NotYetError: there is no answer yet, or no number in it.
    """
    try:
        answer = get_json(stage.settings, f"{address(stage)}/api/v1/query?{urlencode({'query': query})}")
    except UnreachableError as error:
        raise NotYetError(str(error)) from None
    result: list[dict[str, Any]] = answer["data"]["result"]
    if not result:
        raise NotYetError(f"Prometheus knows nothing of {query}")
    return float(result[0]["value"][1])
