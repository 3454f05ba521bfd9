"""What looking at ECS tasks asks IAM for: the tasks by their ARN, and the condition key that names their cluster.

MiniStack asks for the cluster in every case. Source: the Service Authorization Reference's page on ECS.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region

_OF_A_CLUSTER = frozenset({"ecs:DescribeTasks", "ecs:ListTasks"})


def install() -> None:
    """Put the corrections in place; MiniStack looks these functions up at every request."""
    iam_actions.extract_resource_arn = _tasks_as_resource(iam_actions.extract_resource_arn)
    iam_actions.request_tag_context = _cluster_as_context(iam_actions.request_tag_context)


def _tasks_as_resource(extract: Callable[..., str]) -> Callable[..., str]:
    """Describing tasks is a request for these; the first stands for all. The tasks of a cluster are no resource."""

    def extract_resource_arn(service: str, *request: Any) -> str:
        action = iam_actions.extract_iam_action(service, *request[:-2]) if service == "ecs" else None
        if action not in _OF_A_CLUSTER:
            return extract(service, *request)
        asked = _asked(request[3])
        tasks = asked.get("tasks") or []
        if action == "ecs:ListTasks" or not tasks:
            return "*"
        first = str(tasks[0])
        cluster = _cluster_arn(asked).rpartition("/")[2]
        return first if first.startswith("arn:") else _arn(f"task/{cluster}/{first}")

    return extract_resource_arn


def _cluster_as_context(extract: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Policies may be conditioned on `ecs:cluster`."""

    def request_context(service: str, action: str, body: bytes, query: Mapping[str, Any]) -> dict[str, Any]:
        context = extract(service, action, body, query)
        return {**context, "ecs:cluster": _cluster_arn(_asked(body))} if action in _OF_A_CLUSTER else context

    return request_context


def _asked(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body or b"{}")
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}


def _cluster_arn(asked: Mapping[str, Any]) -> str:
    cluster = str(asked.get("cluster") or "default")
    return cluster if cluster.startswith("arn:") else _arn(f"cluster/{cluster}")


def _arn(resource: str) -> str:
    return f"arn:aws:ecs:{get_region()}:{get_account_id()}:{resource}"
