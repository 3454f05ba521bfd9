"""notifications is what the requirements of its own section, 13 to 67, ask for; sizes are tested beside its config."""

import json
from collections import Counter
from typing import Any

import pytest

from tests.support.synth import Assembly, synthesize
from tests.systems.templates import alarms, count, listeners, only, scaling, services, subnets


@pytest.fixture(params=["dev", "staging", "prod"])
def assembly(request: pytest.FixtureRequest) -> Assembly:
    return synthesize("notifications", request.param)


@pytest.mark.parametrize(("environment", "zones"), [("dev", 2), ("staging", 2), ("prod", 3)])
def test_subnets_are_of_a_24_in_three_tiers(environment: str, zones: int) -> None:
    found = subnets(synthesize("notifications", environment))
    assert list(found) == ["Public", "Private", "Isolated"]
    blocks = [block for tier in found.values() for block in tier]
    assert blocks == [f"10.0.{number}.0/24" for number in range(3 * zones)]


@pytest.mark.parametrize(
    ("environment", "size", "tasks"),
    [("dev", (512, 1024), (1, 2)), ("staging", (1024, 2048), (1, 5)), ("prod", (1024, 2048), (2, 10))],
)
def test_api_sizes_and_tasks(environment: str, size: tuple[int, int], tasks: tuple[int, int]) -> None:
    found = synthesize("notifications", environment)
    assert {name: (each["size"], each["port"]) for name, each in services(found).items()} == {"api": (size, 3000)}
    assert scaling(found) == [tasks]


def test_prod_redirects_to_https_with_tls_1_2_and_newer_only() -> None:
    found = listeners(synthesize("notifications", "prod"))
    assert found[80]["DefaultActions"][0]["Type"] == "redirect"
    assert found[443]["SslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2")


@pytest.mark.parametrize(("environment", "of_the_sweeper"), [("dev", 0), ("staging", 2), ("prod", 2)])
def test_alarms_on_errors_connections_backlog_and_the_dlq(environment: str, of_the_sweeper: int) -> None:
    """And, but for dev, whose database the sweeper would keep from pausing, on what stays in the outbox."""
    found = alarms(synthesize("notifications", environment))
    assert Counter(place.partition("/")[0] for place in found) == {
        "Api": 1,
        "Database": 1,
        "Queue": 3,
        "Worker": 3 + of_the_sweeper,
    }


def test_what_failed_can_be_sent_again_by_a_function_that_an_output_names(assembly: Assembly) -> None:
    output = assembly.templates["Worker"]["Outputs"]["ReplayFunctionName"]["Value"]
    function = assembly.templates["Worker"]["Resources"][output["Ref"]]["Properties"]
    variables = function["Environment"]["Variables"]
    assert variables["POWERTOOLS_SERVICE_NAME"] == "replay"
    assert {"DATABASE_HOST", "QUEUE_URL", "DLQ_URL"} <= variables.keys()


def test_dashboard_shows_what_the_requirements_list(assembly: Assembly) -> None:
    """API latency, error rate, throughput; database connections, CPU, queries; queue depth, age; worker's own."""
    body = json.dumps(only(assembly, "AWS::CloudWatch::Dashboard")["DashboardBody"])
    for metric in (
        "TargetResponseTime",
        "HTTPCode_Target_5XX_Count",
        "RequestCount",
        "DatabaseConnections",
        "CPUUtilization",
        "ApproximateNumberOfMessagesVisible",
        "ApproximateAgeOfOldestMessage",
        "Duration",
        "Errors",
        "Throttles",
    ):
        assert metric in body, metric
    assert "CommitThroughput" in body or "Queries" in body


def test_database_scales_within_its_bounds_in_two_zones() -> None:
    prod = synthesize("notifications", "prod")
    cluster = only(prod, "AWS::RDS::DBCluster")
    assert cluster["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 1, "MaxCapacity": 8}
    zones = [json.dumps(zone_of(each)) for each in prod.resources("AWS::RDS::DBInstance").values()]
    assert len(zones) == len(set(zones)) == 2


def zone_of(instance: dict[str, Any]) -> Any:
    return instance["Properties"]["AvailabilityZone"]


def test_the_queue_is_standard_with_a_dlq(assembly: Assembly) -> None:
    assert count(assembly, "AWS::SQS::Queue") == 2
    assert all("FifoQueue" not in queue["Properties"] for queue in assembly.resources("AWS::SQS::Queue").values())
