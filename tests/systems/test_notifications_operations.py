"""notifications is watched, and keeps its secrets, as requirements 61 and 64 to 66 ask for."""

import json
from typing import Any

import pytest

from constructs_lib.providers import LOCAL
from stacks.compose import build_app, new_app
from tests.support.synth import Assembly, cdk_context, configuration, synthesize
from tests.systems.placement import origin
from tests.systems.templates import only

QUEUE = "NotificationsQueue"
DLQ = "NotificationsDeadLetterQueue"


@pytest.fixture(params=["dev", "staging", "prod"])
def assembly(request: pytest.FixtureRequest) -> Assembly:
    return synthesize("notifications", request.param)


def dashboard(assembly: Assembly) -> dict[str, dict[str, set[str]]]:
    """The metrics of each graph by its title, under the title of its row."""
    body = only(assembly, "AWS::CloudWatch::Dashboard")["DashboardBody"]
    # References to other stacks stand between the pieces of the text.
    text = "".join(part if isinstance(part, str) else "REFERENCE" for part in body["Fn::Join"][1])
    rows: dict[str, dict[str, set[str]]] = {}
    for widget in json.loads(text)["widgets"]:
        if widget["type"] == "text":
            row = rows.setdefault(widget["properties"]["markdown"].removeprefix("## "), {})
        else:
            row[widget["properties"]["title"]] = {
                metric[1] for metric in widget["properties"]["metrics"] if len(metric) > 1
            }
    return rows


def test_dashboard_has_the_rows_of_the_reference(assembly: Assembly) -> None:
    rows = dashboard(assembly)
    expected = {
        "Api": {
            "API: latency (s)": {"TargetResponseTime"},
            "API: error rate (%)": {"HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count", "RequestCount"},
            "API: throughput (requests per minute)": {"RequestCount"},
        },
        "Database": {
            "Notifications: connections": {"DatabaseConnections"},
            "Notifications: CPU (%)": {"CPUUtilization"},
            # What a cluster counts of its queries: those that end a transaction.
            "Notifications: commits per second": {"CommitThroughput"},
        },
        "Queue": {
            "Waiting messages": {"ApproximateNumberOfMessagesVisible"},
            "Age of the oldest message (s)": {"ApproximateAgeOfOldestMessage"},
        },
        "Worker": {
            "Worker: duration (ms)": {"Duration"},
            "Worker: errors": {"Errors"},
            "Worker: throttles": {"Throttles"},
        },
    }
    assert rows.keys() == expected.keys()
    for title, graphs in expected.items():
        assert graphs.items() <= rows[title].items(), title


def dimensions(alarm: dict[str, Any], place: str, assembly: Assembly) -> set[str]:
    """What an alarm looks at, by the places of the resources."""
    stack = place.partition("/")[0]
    metrics = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each] or [alarm]
    return {origin(assembly, stack, one["Value"]).partition("/")[2] for each in metrics for one in each["Dimensions"]}


def test_alarms_tell_of_errors_connections_backlog_and_dead_letters(assembly: Assembly) -> None:
    told = {}
    for place, resource in assembly.resources("AWS::CloudWatch::Alarm").items():
        alarm = resource["Properties"]
        if "Outbox" not in place:
            told[alarm.get("MetricName", "error rate"), *dimensions(alarm, place, assembly)] = alarm["Threshold"]
    capacity = only(assembly, "AWS::RDS::DBCluster")["ServerlessV2ScalingConfiguration"]
    worker = "WorkerFunction"
    assert told.keys() == {
        ("error rate", "LoadBalancer"),
        ("Errors", worker),
        ("Duration", worker),
        ("Throttles", worker),
        ("DatabaseConnections", "NotificationsCluster"),
        ("ApproximateNumberOfMessagesVisible", QUEUE),
        ("ApproximateAgeOfOldestMessage", QUEUE),
        ("ApproximateNumberOfMessagesVisible", DLQ),
    }
    assert told["error rate", "LoadBalancer"] == 5
    assert told["Errors", worker] == told["ApproximateNumberOfMessagesVisible", DLQ] == 1
    # Four fifths of what AWS gives a cluster of this ceiling.
    connections = {2: 400, 4: 823, 8: 1669}[capacity["MaxCapacity"]]
    assert told["DatabaseConnections", "NotificationsCluster"] == pytest.approx(0.8 * connections, rel=0.01)


def test_logs_are_kept_for_thirty_days_unless_config_says_otherwise() -> None:
    config = configuration("notifications", "dev")
    for days, given in ((30, config), (7, config.model_copy(update={"log_retention_days": 7}))):
        stacks = build_app(new_app(cdk_context()), given, LOCAL)
        groups = [
            stack.resolve(group.retention_in_days)  # type: ignore[attr-defined]  # a log group, by its type
            for stack in stacks
            for group in stack.node.find_all()
            if getattr(group, "cfn_resource_type", "") == "AWS::Logs::LogGroup"
        ]
        assert groups
        assert set(groups) == {days}


def test_every_password_and_token_is_a_reference_to_secrets_manager(assembly: Assembly) -> None:
    """The code is given the ARN and reads the secret itself: neither template nor environment holds a value."""
    given: dict[str, Any] = {}
    for function in assembly.resources("AWS::Lambda::Function").values():
        given |= function["Properties"].get("Environment", {}).get("Variables", {})
    for task in assembly.resources("AWS::ECS::TaskDefinition").values():
        for container in task["Properties"]["ContainerDefinitions"]:
            given |= {entry["Name"]: entry["Value"] for entry in container["Environment"]}
    secrets = {name: value for name, value in given.items() if "SECRET" in name or "TOKEN" in name or "PASS" in name}
    assert secrets.keys() == {"DATABASE_SECRET_ARN", "TELEGRAM_SECRET_ARN"}
    assert [name for name, value in secrets.items() if isinstance(value, str)] == []


def test_outputs_name_what_people_look_for() -> None:
    """Addresses, ARNs, endpoints and names of everything that somebody opens, calls or restores."""
    assembly = synthesize("notifications", "prod")
    told = {
        stack: {name for name in template["Outputs"] if not name.startswith("PublishOutput")}
        for stack, template in assembly.templates.items()
    }
    assert told == {
        "Network": {"VpcId"},
        "Alarms": {"AlarmTopicArn"},
        "Queue": {"QueueUrl", "DeadLetterQueueUrl"},
        "Database": {
            "NotificationsDatabaseEndpoint",
            "NotificationsDatabaseName",
            "NotificationsDatabaseSecretArn",
            "NotificationsDatabaseUsers",
            "NotificationsMigrationsFunctionName",
        },
        "Api": {"ApiUrl", "LoadBalancerArn", "ClusterName", "ApiServiceName", "NotificationsKeysFunctionName"},
        "Worker": {"FunctionName", "ReplayFunctionName", "TelegramSecretArn"},
        "Monitoring": {"DashboardName"},
    }
