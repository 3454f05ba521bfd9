"""What is scraped, out of what ECS tells. The answers are checked against the SDK's model of ECS."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from services.prometheus.discovery import Discovery, DiscoveryError, Target, write_targets

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

ARN = "arn:aws:ecs:us-east-1:000000000000"


class Cluster:
    """An ECS that knows the given tasks and definitions."""

    def __init__(self) -> None:
        self.client: ECSClient = boto3.client(
            "ecs", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        self.stubber = Stubber(self.client)

    def lists(self, tasks: list[dict[str, Any]], *, more: bool = False, token: str | None = None) -> None:
        """A page of tasks, and their description."""
        arns = [task["taskArn"] for task in tasks]
        expected = {"cluster": "shop", "desiredStatus": "RUNNING"} | ({"nextToken": token} if token else {})
        self.stubber.add_response("list_tasks", {"taskArns": arns} | ({"nextToken": "2"} if more else {}), expected)
        if tasks:
            self.stubber.add_response("describe_tasks", {"tasks": tasks}, {"cluster": "shop", "tasks": arns})

    def defines(self, family: str, *containers: dict[str, Any]) -> None:
        """The answer to a question for a definition."""
        self.stubber.add_response(
            "describe_task_definition",
            {"taskDefinition": {"containerDefinitions": list(containers)}},
            {"taskDefinition": f"{ARN}:task-definition/{family}:1"},
        )

    def targets(self, own_service: str = "prometheus") -> list[Target]:
        return self.discovery(own_service).targets()

    def discovery(self, own_service: str = "prometheus") -> Discovery:
        return Discovery(self.client, "shop", own_service=own_service)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    with cluster.stubber:
        yield cluster
        cluster.stubber.assert_no_pending_responses()


def task(identifier: str, family: str, *containers: dict[str, Any], status: str = "RUNNING") -> dict[str, Any]:
    return {
        "taskArn": f"{ARN}:task/shop/{identifier}",
        "taskDefinitionArn": f"{ARN}:task-definition/{family}:1",
        "group": f"service:{family}-service",
        "lastStatus": status,
        "containers": list(containers),
    }


def definition(name: str, *ports: int, service: str | None = None) -> dict[str, Any]:
    environment = [{"name": "POWERTOOLS_SERVICE_NAME", "value": service}] if service else []
    return {
        "name": name,
        "portMappings": [{"containerPort": port, "protocol": "tcp"} for port in ports],
        "environment": environment,
    }


def own_address(name: str, address: str) -> dict[str, Any]:
    """A container as Fargate describes it."""
    return {"name": name, "networkBindings": [], "networkInterfaces": [{"privateIpv4Address": address}]}


def bound(name: str, port: int, host_port: int, ip: str = "127.0.0.1", protocol: str = "tcp") -> dict[str, Any]:
    """A container that shares its host's address."""
    binding = {"bindIP": ip, "containerPort": port, "hostPort": host_port, "protocol": protocol}
    return {"name": name, "networkBindings": [binding], "networkInterfaces": []}


def test_on_fargate_a_task_is_reached_at_its_own_address(cluster: Cluster) -> None:
    cluster.lists([task("1", "api", own_address("Main", "10.0.1.7"))])
    cluster.defines("api", definition("Main", 4000, service="api"))
    assert cluster.targets() == [Target("10.0.1.7:4000", "api", "1")]


def test_a_port_of_the_host_goes_before(cluster: Cluster) -> None:
    cluster.lists(
        [task("1", "api", bound("Main", 4000, 51234)), task("2", "api", bound("Main", 4000, 51235, "0.0.0.0"))]  # noqa: S104
    )
    cluster.defines("api", definition("Main", 4000, service="api"))
    assert cluster.targets() == [Target("127.0.0.1:51234", "api", "1"), Target("127.0.0.1:51235", "api", "2")]


def test_udp_and_containers_without_ports_are_no_targets(cluster: Cluster) -> None:
    cluster.lists([task("1", "api", bound("Main", 53, 53, protocol="udp"), own_address("Sidecar", "10.0.1.7"))])
    cluster.defines("api", definition("Main", 53, service="api"), definition("Sidecar"))
    assert cluster.targets() == []


def test_itself_is_left_out(cluster: Cluster) -> None:
    cluster.lists([task("1", "prometheus", own_address("Main", "10.0.1.7"))])
    cluster.defines("prometheus", definition("Main", 9090, service="metrics"))
    assert cluster.targets(own_service="metrics") == []


def test_only_tasks_that_run_are_targets(cluster: Cluster) -> None:
    cluster.lists([task("1", "api", own_address("Main", "10.0.1.7"), status="PENDING")])
    assert cluster.targets() == []


def test_a_container_without_the_variable_bears_the_name_of_its_ecs_service(cluster: Cluster) -> None:
    cluster.lists([task("1", "proxy", own_address("Main", "10.0.1.7"))])
    cluster.defines("proxy", definition("Main", 80))
    assert cluster.targets() == [Target("10.0.1.7:80", "proxy-service", "1")]


def test_every_page_is_read(cluster: Cluster) -> None:
    cluster.lists([task("1", "api", own_address("Main", "10.0.1.7"))], more=True)
    cluster.defines("api", definition("Main", 4000, service="api"))
    cluster.lists([task("2", "api", own_address("Main", "10.0.1.8"))], token="2")
    assert [target.task for target in cluster.targets()] == ["1", "2"]


def test_a_definition_is_asked_for_once(cluster: Cluster) -> None:
    discovery = cluster.discovery()
    cluster.lists([task("1", "api", own_address("Main", "10.0.1.7"))])
    cluster.defines("api", definition("Main", 4000, service="api"))
    discovery.targets()
    cluster.lists([])
    cluster.lists([task("2", "api", own_address("Main", "10.0.1.8"))])
    assert discovery.targets() == []
    assert discovery.targets() == [Target("10.0.1.8:4000", "api", "2")]


def test_a_refusal_is_told(cluster: Cluster) -> None:
    cluster.stubber.add_client_error("list_tasks", "AccessDeniedException", "no")
    with pytest.raises(DiscoveryError, match=r"tasks of cluster shop cannot be listed: .*AccessDenied"):
        cluster.targets()


def test_targets_are_written_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "targets.json"
    write_targets(path, [Target("10.0.1.7:4000", "api", "1")])
    assert json.loads(path.read_text()) == [{"targets": ["10.0.1.7:4000"], "labels": {"service": "api", "task": "1"}}]
    # Nothing else that Prometheus could take for targets.
    assert list(tmp_path.iterdir()) == [path]
