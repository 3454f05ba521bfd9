"""Decisions of the Monitoring stack, of the dashboard and of Prometheus."""

import json
from typing import Any, Literal

import pytest

from config.model import MonitoringConfig, PrometheusConfig
from tests.stacks.composition import SERVICES, Composition, Given, composed


def with_prometheus(kind: Literal["managed", "self_hosted"], **changes: Any) -> Composition:
    prometheus = PrometheusConfig.model_validate({"kind": kind} | changes)
    return composed(Given(monitoring=MonitoringConfig(prometheus=prometheus)))


def prometheus_variables(made: Composition) -> dict[str, Any]:
    (container,) = made.only("Monitoring", "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    return {entry["Name"]: entry["Value"] for entry in container["Environment"]}


def widgets(made: Composition) -> list[dict[str, Any]]:
    body = made.only("Monitoring", "AWS::CloudWatch::Dashboard")["DashboardBody"]
    # References to other stacks stand between the pieces of the text.
    text = "".join(part if isinstance(part, str) else "REFERENCE" for part in body["Fn::Join"][1])
    found: list[dict[str, Any]] = json.loads(text)["widgets"]
    return found


def statements(made: Composition) -> dict[str, dict[str, Any]]:
    (policy,) = (
        one for one in made.found("Monitoring", "AWS::IAM::Policy") if "ExecutionRole" not in one["Roles"][0]["Ref"]
    )
    return {
        action: one
        for one in policy["PolicyDocument"]["Statement"]
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }


def test_dashboard_has_a_row_of_graphs_under_each_title() -> None:
    made = widgets(composed())
    assert made[0]["properties"]["markdown"] == "## Services"
    graphs = [(widget["properties"]["title"], widget["x"], widget["y"]) for widget in made[1:]]
    assert graphs == [
        ("API: latency (s)", 0, 1),
        ("API: error rate (%)", 8, 1),
        ("API: throughput (requests per minute)", 16, 1),
        ("Service web: CPU and memory (%)", 0, 7),
        ("Service order-mailer: CPU and memory (%)", 8, 7),
    ]


def test_a_section_without_graphs_has_no_title() -> None:
    assert "Empty" not in composed().text("Monitoring")


def test_dashboard_can_be_left_out() -> None:
    made = composed(
        Given(monitoring=MonitoringConfig(dashboard=False, prometheus=PrometheusConfig(kind="self_hosted")))
    )
    assert made.found("Monitoring", "AWS::CloudWatch::Dashboard") == []
    assert made.outputs("Monitoring") == {"PrometheusServiceName"}


def test_prometheus_can_be_left_out() -> None:
    made = composed()
    assert made.found("Monitoring", "AWS::ECS::Service") == []
    assert made.outputs("Monitoring") == {"DashboardName"}


def test_self_hosted_prometheus_keeps_what_it_scrapes() -> None:
    given = prometheus_variables(with_prometheus("self_hosted", retention_days=7, scrape_interval_seconds=15))
    assert (given["RETENTION_DAYS"], given["SCRAPE_INTERVAL_SECONDS"]) == ("7", "15")
    assert "REMOTE_WRITE_URL" not in given
    assert "PublishOutputRefCluster" in str(given["CLUSTER_NAME"])
    assert "LoadBalancerFullName" in str(given["LOAD_BALANCER"])


def test_managed_prometheus_writes_to_its_workspace() -> None:
    made = with_prometheus("managed")
    given = prometheus_variables(made)
    assert "RETENTION_DAYS" not in given
    (base, path) = given["REMOTE_WRITE_URL"]["Fn::Join"][1]
    # The endpoint ends with a slash.
    assert (base["Fn::GetAtt"][1], path) == ("PrometheusEndpoint", "api/v1/remote_write")
    assert made.outputs("Monitoring") == {"DashboardName", "PrometheusServiceName", "PrometheusWorkspaceUrl"}


def test_without_load_balancer_none_is_asked_for_metrics() -> None:
    services = {name: it.model_copy(update={"route": None}) for name, it in SERVICES.items()}
    monitoring = MonitoringConfig(prometheus=PrometheusConfig(kind="self_hosted"))
    made = composed(Given(services=services, load_balancer=None, monitoring=monitoring))
    assert "LOAD_BALANCER" not in prometheus_variables(made)
    assert "cloudwatch:GetMetricData" not in statements(made)


def test_prometheus_reaches_the_port_of_every_service() -> None:
    """The rules stand in this stack: in the Api stack they would name a stack above it."""
    made = with_prometheus("self_hosted")
    ways = made.found("Monitoring", "AWS::EC2::SecurityGroupIngress")
    assert sorted((way["FromPort"], way["ToPort"]) for way in ways) == [(3001, 3001), (3002, 3002)]
    assert {way["SourceSecurityGroupId"]["Fn::GetAtt"][0][:10] for way in ways} == {"Prometheus"}
    assert "onitoring" not in made.text("Api")


def test_nothing_reaches_prometheus() -> None:
    """Metrics tell an attacker which service is weak."""
    made = with_prometheus("self_hosted")
    (group,) = made.found("Monitoring", "AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in group
    assert made.only("Monitoring", "AWS::ECS::Service").get("LoadBalancers", []) == []


def test_people_look_at_a_self_hosted_prometheus_through_a_session() -> None:
    """Otherwise it collects what nobody can see; a workspace is asked by AWS's own API instead."""
    made = {kind: with_prometheus(kind) for kind in ("self_hosted", "managed")}
    for kind, it in made.items():
        service = it.only("Monitoring", "AWS::ECS::Service")
        assert service["EnableExecuteCommand"] is (kind == "self_hosted")
        assert ("ssmmessages:OpenDataChannel" in statements(it)) is (kind == "self_hosted")
    assert "ssmmessages" not in made["self_hosted"].text("Api"), "code that serves gives nobody a shell"


def test_prometheus_is_one_task() -> None:
    """Two would write every sample twice."""
    made = with_prometheus("managed").only("Monitoring", "AWS::ECS::Service")
    assert (made["DesiredCount"], made["DeploymentConfiguration"]["MaximumPercent"]) == (1, 100)


@pytest.mark.parametrize("kind", ["managed", "self_hosted"])
def test_prometheus_may_look_at_its_cluster_only(kind: Literal["managed", "self_hosted"]) -> None:
    allowed = statements(with_prometheus(kind))
    expected = {"ecs:ListTasks", "ecs:DescribeTasks", "ecs:DescribeTaskDefinition", "cloudwatch:GetMetricData"}
    sessions = {action for action in allowed if action.startswith("ssmmessages:")}
    assert allowed.keys() - sessions == expected | ({"aps:RemoteWrite"} if kind == "managed" else set())
    assert "PublishOutputFnGetAttCluster" in str(allowed["ecs:ListTasks"]["Condition"]["ArnEquals"]["ecs:cluster"])
    assert ":task/" in str(allowed["ecs:DescribeTasks"]["Resource"])
    assert "PublishOutputRefCluster" in str(allowed["ecs:DescribeTasks"]["Resource"])


def test_prometheus_writes_to_its_own_workspace_only() -> None:
    made = with_prometheus("managed")
    (workspace,) = made.templates["Monitoring"].find_resources("AWS::APS::Workspace")
    assert statements(made)["aps:RemoteWrite"]["Resource"] == {"Fn::GetAtt": [workspace, "Arn"]}


def test_prometheus_has_an_image_of_its_own() -> None:
    """It brings the server along, which no other container needs."""
    made = with_prometheus("self_hosted")
    images = {
        str(task["ContainerDefinitions"][0]["Image"])
        for stack in ("Api", "Monitoring")
        for task in made.found(stack, "AWS::ECS::TaskDefinition")
    }
    assert len(images) == 2
