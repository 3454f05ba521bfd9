"""Many services in one cluster, with a load balancer and without; one is a singleton; and tasks that run once."""

import os
import signal
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.local.emulator.cloud import Cloud, DeploymentError, listening
from tests.local.emulator.many import CLUSTER, template, write_image
from tests.support.eventually import eventually

STACK = "many"


@pytest.fixture(scope="module", autouse=True)
def _deployed(cloud: Cloud) -> Iterator[None]:
    for tag in ("one", "two", "broken"):
        write_image(cloud.data, tag)
    cloud.deploy(STACK, template(cloud.data))
    yield
    cloud.delete(STACK)


def tasks(cloud: Cloud, name: str) -> list[dict[str, Any]]:
    """The tasks of a service as monitoring finds them."""
    ecs = cloud.client("ecs")
    arns = ecs.list_tasks(cluster=CLUSTER, serviceName=name)["taskArns"]
    return list(ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"]) if arns else []


def address(task: dict[str, Any]) -> tuple[str, int]:
    """Where a task's container listens."""
    container = task["containers"][0]
    (interface,), (binding,) = container["networkInterfaces"], container["networkBindings"]
    assert binding["containerPort"] == 4000
    return interface["privateIpv4Address"], binding["hostPort"]


def listener(cloud: Cloud, task: dict[str, Any]) -> psutil.Process:
    """The process of a task."""
    place = address(task)
    return eventually(
        lambda: next((process for process, *where in listening(cloud.children()) if tuple(where) == place), None)
    )


def lives(cloud: Cloud, name: str) -> list[tuple[float, float]]:
    """When each process of a service began and ended; one that lives has no end yet."""
    begun: dict[str, float] = {}
    ended: dict[str, float] = {}
    for line in (cloud.data / "journal").read_text().splitlines():
        who, word, pid, moment = line.split()
        if who == name and word in ("begins", "ends"):
            (begun if word == "begins" else ended)[pid] = float(moment)
    return sorted((begin, ended.get(pid, float("inf"))) for pid, begin in begun.items())


def overlaps(found: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """How long one began before its predecessor had ended."""
    return [(begin, end) for (_, end), (begin, _) in pairwise(found) if begin < end]


def test_every_service_runs_whether_or_not_it_has_a_load_balancer(cloud: Cloud) -> None:
    counts = {name: len(tasks(cloud, name)) for name in ("api", "shop", "worker", "scheduler")}
    assert counts == {"api": 2, "shop": 1, "worker": 2, "scheduler": 1}
    places = [address(task) for name in counts for task in tasks(cloud, name)]
    assert len(set(places)) == 6
    assert {host for host, _ in places} == {"127.0.0.1"}
    found = cloud.client("ecs").describe_services(cluster=CLUSTER, services=["api", "scheduler"])["services"]
    assert [each["availabilityZoneRebalancing"] for each in found] == ["ENABLED", "DISABLED"]


def test_one_load_balancer_serves_several_by_path(cloud: Cloud) -> None:
    assert [cloud.get(f"/_alb/many/{path}").text for path in ("api/1", "shop/2", "else")] == [
        "api",
        "shop",
        "no such service",
    ]


def test_a_target_group_holds_the_places_of_its_own_service(cloud: Cloud) -> None:
    client = cloud.client("elbv2")
    for name in ("api", "shop"):
        arn = client.describe_target_groups(Names=[f"many-{name}"])["TargetGroups"][0]["TargetGroupArn"]
        health = client.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        registered = {(each["Target"]["Id"], each["Target"]["Port"]) for each in health}
        assert registered == {address(task) for task in tasks(cloud, name)}


def test_a_container_that_fails_its_own_check_is_replaced(cloud: Cloud) -> None:
    first, other = tasks(cloud, "worker")
    assert (first["healthStatus"], first["containers"][0]["healthStatus"]) == ("HEALTHY", "HEALTHY")
    victim = listener(cloud, first)
    kept = listener(cloud, other).pid
    (Path(victim.environ()["HOME"]) / "well").unlink()
    eventually(lambda: not victim.is_running())

    def replaced() -> bool:
        return first["taskArn"] not in [task["taskArn"] for task in tasks(cloud, "worker")] and sorted(
            task["healthStatus"] for task in tasks(cloud, "worker")
        ) == ["HEALTHY", "HEALTHY"]

    assert eventually(replaced)
    assert kept in [listener(cloud, task).pid for task in tasks(cloud, "worker")]
    stopped = cloud.client("ecs").describe_tasks(cluster=CLUSTER, tasks=[first["taskArn"]])["tasks"][0]
    assert stopped["containers"][0]["healthStatus"] == "UNHEALTHY"


def test_a_singleton_never_overlaps_in_a_deployment(cloud: Cloud) -> None:
    cloud.deploy(STACK, template(cloud.data, scheduler="two"))
    eventually(lambda: len(lives(cloud, "scheduler")) == 2)
    found = lives(cloud, "scheduler")
    assert overlaps(found) == []
    assert listener(cloud, tasks(cloud, "scheduler")[0]).environ()["TAG"] == "two"


def test_a_singleton_never_overlaps_when_a_deployment_fails(cloud: Cloud) -> None:
    with pytest.raises(DeploymentError, match="broken on purpose") as failure:
        cloud.deploy(STACK, template(cloud.data, scheduler="broken"))
    assert failure.value.status == "UPDATE_ROLLBACK_COMPLETE"
    eventually(lambda: len(lives(cloud, "scheduler")) >= 6)
    found = lives(cloud, "scheduler")
    assert overlaps(found) == []
    assert listener(cloud, tasks(cloud, "scheduler")[0]).environ()["TAG"] == "two"


def test_a_killed_singleton_is_replaced_by_one(cloud: Cloud) -> None:
    known = len(lives(cloud, "scheduler"))
    os.kill(listener(cloud, tasks(cloud, "scheduler")[0]).pid, signal.SIGKILL)
    eventually(lambda: len(lives(cloud, "scheduler")) == known + 1)
    time.sleep(1)
    assert len(lives(cloud, "scheduler")) == known + 1


def test_a_task_runs_once_with_its_own_command_and_tells_how_it_ended(cloud: Cloud) -> None:
    ecs = cloud.client("ecs")
    started = ecs.run_task(
        cluster=CLUSTER,
        taskDefinition="many-worker",
        launchType="FARGATE",
        overrides={
            "containerOverrides": [
                {
                    "name": "main",
                    "command": ["python", "-m", "program", "once"],
                    "environment": [{"name": "NAME", "value": "once"}],
                }
            ]
        },
    )["tasks"][0]["taskArn"]

    def become(status: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            task: dict[str, Any] = ecs.describe_tasks(cluster=CLUSTER, tasks=[started])["tasks"][0]
            return task if task["lastStatus"] == status else None

        return eventually(look)

    # What ends before it was found healthy has not started, and has no status to tell.
    become("RUNNING")
    (cloud.data / "tasks" / started.rpartition("/")[2] / "go on").touch()
    task = become("STOPPED")
    assert task["containers"][0]["exitCode"] == 3
    words = [line.split()[1] for line in (cloud.data / "journal").read_text().splitlines() if line.startswith("once ")]
    assert words == ["begins", "told-to-nobody", "ends"]
