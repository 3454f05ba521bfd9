"""Many services in one cluster, with a load balancer and without; one is a singleton; and tasks that run once."""

import json
import os
import signal
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.local.emulator.cloud import ACCOUNT, REGION, Cloud, DeploymentError, listening
from tests.support.eventually import eventually

STACK = "many"
CLUSTER = "many"
# What a stopped task still does; long enough for a successor that does not wait to be seen beside it.
LAST_WORDS_SECONDS = 0.8

# Keeps a journal of when it lives, answers who it is, and gets sick when it is told so.
PROGRAM = f"""
import os, signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

def note(word):
    with open(os.environ["JOURNAL"], "a") as journal:
        journal.write(f"{{os.environ['NAME']}} {{word}} {{os.getpid()}} {{time.time()}}\\n")

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/sicken":
            open(os.path.join(os.environ["HOME"], "sick"), "w").close()
        body = os.environ["NAME"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

note("begins")
if os.environ["TAG"] == "broken":
    note("ends")
    sys.exit("broken on purpose")
if sys.argv[1:] == ["once"]:
    note(os.environ["SECRET"])
    note("ends")
    sys.exit(3)
server = ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
time.sleep({LAST_WORDS_SECONDS})
note("ends")
"""

SICK = 'test ! -e "$HOME/sick"'


def write_image(data: Path, tag: str) -> None:
    folder = data / "images" / "many" / tag
    (folder / "rootfs" / "app").mkdir(parents=True)
    (folder / "rootfs" / "app" / "program.py").write_text(PROGRAM)
    command = ["python", "-m", "program"]
    image = {"workdir": "/app", "command": command, "environment": {"TAG": tag}, "digest": f"sha256:{tag}"}
    (folder / "image.json").write_text(json.dumps(image))


def service(name: str, tag: str, data: Path, **changes: Any) -> dict[str, Any]:
    """A task definition and its service; `changes` are those of the service."""
    check = {"Command": ["CMD-SHELL", SICK], "Interval": 1, "Retries": 2, "Timeout": 2, "StartPeriod": 5}
    container = {
        "Name": "main",
        "Image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/many:{tag}",
        "Essential": True,
        "PortMappings": [{"ContainerPort": 4000}],
        "Environment": [{"Name": "NAME", "Value": name}, {"Name": "JOURNAL", "Value": str(data / "journal")}],
        "Secrets": [{"Name": "SECRET", "ValueFrom": {"Ref": "Secret"}}],
        "StopTimeout": 10,
        "HealthCheck": check,
    }
    task = {
        "Family": f"many-{name}",
        "NetworkMode": "awsvpc",
        "RequiresCompatibilities": ["FARGATE"],
        "ContainerDefinitions": [container],
    }
    rolling = {"MinimumHealthyPercent": 100, "MaximumPercent": 200}
    breaker = {"DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}}
    properties = {
        "ServiceName": name,
        "Cluster": {"Ref": "Cluster"},
        "TaskDefinition": {"Ref": f"{name.title()}Task"},
        "LaunchType": "FARGATE",
        "DesiredCount": 1,
        "AvailabilityZoneRebalancing": "ENABLED",
        **changes,
        "DeploymentConfiguration": {**rolling, **changes.get("DeploymentConfiguration", {}), **breaker},
    }
    return {
        f"{name.title()}Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": task},
        name.title(): {"Type": "AWS::ECS::Service", "DependsOn": "ToApi", "Properties": properties},
    }


def behind(group: str) -> dict[str, Any]:
    return {"LoadBalancers": [{"ContainerName": "main", "ContainerPort": 4000, "TargetGroupArn": {"Ref": group}}]}


SINGLETON = {
    "AvailabilityZoneRebalancing": "DISABLED",
    "DeploymentConfiguration": {"MinimumHealthyPercent": 0, "MaximumPercent": 100},
}


def template(data: Path, *, scheduler: str = "one") -> dict[str, Any]:
    kind = "AWS::ElasticLoadBalancingV2"
    group = {"Protocol": "HTTP", "Port": 80, "TargetType": "ip", "VpcId": {"Ref": "Vpc"}, "HealthCheckPath": "/health"}
    unknown = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "MessageBody": "no such service"}}

    def rule(priority: int, path: str, target: str) -> dict[str, Any]:
        properties = {
            "ListenerArn": {"Ref": "Listener"},
            "Priority": priority,
            "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}],
            "Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": target}}],
        }
        return {"Type": f"{kind}::ListenerRule", "Properties": properties}

    listener = {
        "LoadBalancerArn": {"Ref": "Balancer"},
        "Port": 80,
        "Protocol": "HTTP",
        "DefaultActions": [unknown],
    }
    return {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "told-to-nobody"}},
        "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": CLUSTER}},
        "Balancer": {"Type": f"{kind}::LoadBalancer", "Properties": {"Name": "many"}},
        "ApiGroup": {"Type": f"{kind}::TargetGroup", "Properties": {**group, "Name": "many-api"}},
        "ShopGroup": {"Type": f"{kind}::TargetGroup", "Properties": {**group, "Name": "many-shop"}},
        "Listener": {"Type": f"{kind}::Listener", "Properties": listener},
        "ToApi": rule(1, "/api*", "ApiGroup"),
        "ToShop": rule(2, "/shop*", "ShopGroup"),
        **service("api", "one", data, DesiredCount=2, **behind("ApiGroup")),
        **service("shop", "one", data, **behind("ShopGroup")),
        **service("worker", "one", data, DesiredCount=2),
        **service("scheduler", scheduler, data, **SINGLETON),
    }


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
    found = next((process for process, *its_place in listening(cloud.children()) if tuple(its_place) == place), None)
    assert found is not None, f"nothing listens on {place}"
    return found


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
    (Path(victim.environ()["HOME"]) / "sick").touch()
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
    found = lives(cloud, "scheduler")
    assert len(found) == 2
    assert overlaps(found) == []
    assert listener(cloud, tasks(cloud, "scheduler")[0]).environ()["TAG"] == "two"


def test_a_singleton_never_overlaps_when_a_deployment_fails(cloud: Cloud) -> None:
    with pytest.raises(DeploymentError, match="broken on purpose") as failure:
        cloud.deploy(STACK, template(cloud.data, scheduler="broken"))
    assert failure.value.status == "UPDATE_ROLLBACK_COMPLETE"
    found = lives(cloud, "scheduler")
    assert len(found) >= 6
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

    def ended() -> dict[str, Any] | None:
        task: dict[str, Any] = ecs.describe_tasks(cluster=CLUSTER, tasks=[started])["tasks"][0]
        return task if task["lastStatus"] == "STOPPED" else None

    task = eventually(ended)
    assert task["containers"][0]["exitCode"] == 3
    words = [line.split()[1] for line in (cloud.data / "journal").read_text().splitlines() if line.startswith("once ")]
    assert words == ["begins", "told-to-nobody", "ends"]
