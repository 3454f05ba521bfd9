"""What runs in the name of a role, and how it is made to begin anew."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.ports import LOOPBACK
from local.web import get_json
from tests.least_privilege.ground import Deployed

_POLL_SECONDS = 0.2
# ECS kills what does not end within its stop timeout.
_LONGEST_STOP_SECONDS = 60
_ENDED = ("STOPPED", "DEPROVISIONING")


class NotDoneError(AssertionError):
    """A check is red: what it waited for did not come, or what it did was refused."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """An ECS service."""

    cluster: str
    name: str
    definition: str
    task_role: str
    execution_role: str
    network: dict[str, Any]


def services(deployed: Deployed) -> list[Service]:
    """The services of one system."""
    ecs = deployed.client("ecs")
    found = []
    for cluster in ecs.list_clusters()["clusterArns"]:
        arns = ecs.list_services(cluster=cluster, maxResults=100)["serviceArns"]
        for start in range(0, len(arns), 10):
            for each in ecs.describe_services(cluster=cluster, services=arns[start : start + 10])["services"]:
                definition = ecs.describe_task_definition(taskDefinition=each["taskDefinition"])["taskDefinition"]
                found.append(
                    Service(
                        cluster=cluster,
                        name=each["serviceName"],
                        definition=each["taskDefinition"],
                        task_role=str(definition.get("taskRoleArn", "")).rpartition("/")[2],
                        execution_role=str(definition.get("executionRoleArn", "")).rpartition("/")[2],
                        network=each.get("networkConfiguration") or {},
                    )
                )
    return found


def service_of(deployed: Deployed, role_name: str) -> Service:
    """The service that has a role as its tasks' or as its execution role.

    Raises:
        LookupError: none has.
    """
    for each in services(deployed):
        if role_name in (each.task_role, each.execution_role):
            return each
    raise LookupError(f"no service of {deployed.name} has the role {role_name}")


def function_of(deployed: Deployed, role_name: str) -> str:
    """The name of the function that has a role.

    Raises:
        LookupError: none has.
    """
    for page in deployed.client("lambda").get_paginator("list_functions").paginate():
        for each in page["Functions"]:
            if str(each["Role"]).rpartition("/")[2] == role_name:
                return str(each["FunctionName"])
    raise LookupError(f"no function of {deployed.name} has the role {role_name}")


def restart_service(deployed: Deployed, role_name: str) -> None:
    """Stop the tasks of a service, which ECS replaces: what they had cached is gone, as is what they had in hand.

    Also those that were only about to start, and may have read what they need.
    """
    ecs, service = deployed.client("ecs"), service_of(deployed, role_name)
    since, deadline, stopped = datetime.now(UTC), time.monotonic() + _LONGEST_STOP_SECONDS, set[str]()
    while time.monotonic() < deadline:
        listed = ecs.list_tasks(cluster=service.cluster, serviceName=service.name)["taskArns"]
        tasks = {*listed, *stopped}
        found = ecs.describe_tasks(cluster=service.cluster, tasks=sorted(tasks))["tasks"] if tasks else []
        former = [each["taskArn"] for each in found if each["createdAt"] < since and each["lastStatus"] != "STOPPED"]
        if not former:
            return
        for task in {*former} - stopped:
            ecs.stop_task(cluster=service.cluster, task=task, reason="a grant is taken away")
        stopped |= {*former}
        time.sleep(_POLL_SECONDS)


def restart_function(deployed: Deployed, role_name: str) -> None:
    """Update a function with what it has already: Lambda begins with new processes."""
    client, name = deployed.client("lambda"), function_of(deployed, role_name)
    variables = client.get_function_configuration(FunctionName=name).get("Environment", {}).get("Variables", {})
    client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


def call(deployed: Deployed, function: str, event: object) -> Mapping[str, Any]:
    """The answer to an invocation, with the end of its log."""
    payload = json.dumps(event).encode()
    return dict(deployed.client("lambda").invoke(FunctionName=function, Payload=payload, LogType="Tail"))


def invoke(deployed: Deployed, function: str, event: object) -> Any:
    """What a function answers.

    Raises:
        NotDoneError: it failed.
    """
    answer = call(deployed, function, event)
    content: Any = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError"):
        raise NotDoneError(f"{function} failed: {content}")
    return content


@contextmanager
def new_task(deployed: Deployed, service: Service, *, seconds: float) -> Iterator[str]:
    """A task of a service beside the others, while it runs; its ARN.

    Raises:
        NotDoneError: it does not start.
    """
    ecs = deployed.client("ecs")
    started = ecs.run_task(
        cluster=service.cluster,
        taskDefinition=service.definition,
        launchType="FARGATE",
        networkConfiguration=service.network,
    )["tasks"][0]["taskArn"]
    deadline = time.monotonic() + seconds
    try:
        while True:
            task = ecs.describe_tasks(cluster=service.cluster, tasks=[started])["tasks"][0]
            if task["lastStatus"] == "RUNNING":
                break
            if task["lastStatus"] in _ENDED:
                raise NotDoneError(f"the task was stopped: {task.get('stoppedReason')}")
            if time.monotonic() > deadline:
                raise NotDoneError(f"the task is {task['lastStatus']} after {seconds:.0f} s")
            time.sleep(_POLL_SECONDS)
        yield started
    finally:
        ecs.stop_task(cluster=service.cluster, task=started, reason="it has shown what it was to show")


def address_of(deployed: Deployed, role_name: str, task: str) -> str:
    """Where a task of a role's service answers, beside the load balancer."""
    cluster = service_of(deployed, role_name).cluster
    described = deployed.client("ecs").describe_tasks(cluster=cluster, tasks=[task])["tasks"][0]
    bindings = [binding for each in described["containers"] for binding in each.get("networkBindings", ())]
    return f"http://{LOOPBACK}:{bindings[0]['hostPort']}"


def messages(deployed: Deployed, queue_url: str) -> list[dict[str, Any]]:
    """Every message of a queue, visible or not, without receiving it."""
    settings = deployed.settings
    stored = get_json(settings, f"{settings.endpoint_url}/_ministack/sqs/messages?QueueUrl={queue_url}")
    return list(stored["messages"].get(settings.account, {}).get(settings.region, {}).get(queue_url, ()))
