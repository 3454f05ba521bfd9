"""What the reference architectures do differently is settled by configuration, in one code."""

import pytest

from config.load import environments_of
from config.model import Lifecycle
from tests.support.synth import configuration, synthesize
from tests.systems.templates import count, listeners, services, subnets


@pytest.mark.parametrize(
    ("system", "environment", "ports", "default"),
    [
        ("notifications", "prod", {80: "redirect", 443: "forward"}, "443"),
        ("notifications", "dev", {80: "forward"}, "80"),
        ("webapp", "prod", {80: "fixed-response"}, "80"),
        ("platform", "prod", {80: "redirect", 443: "forward"}, "443"),
    ],
)
def test_https_redirect_or_http_with_rules(system: str, environment: str, ports: dict[int, str], default: str) -> None:
    found = listeners(synthesize(system, environment))
    assert {port: listener["DefaultActions"][0]["Type"] for port, listener in found.items()} == ports
    assert int(default) in found


@pytest.mark.parametrize(
    ("system", "ports"),
    [
        ("notifications", {3000}),
        ("ticketero", {3000}),
        ("platform", {4000, 4001, 4002, 4003}),
        ("ecommerce", set(range(3001, 3008))),
    ],
)
def test_ports_are_those_of_the_system(system: str, ports: set[int]) -> None:
    assert {service["port"] for service in services(synthesize(system, "prod")).values()} == ports


@pytest.mark.parametrize(
    ("system", "tiers"), [("notifications", 3), ("ticketero", 2), ("webapp", 2), ("platform", 3), ("ecommerce", 3)]
)
def test_two_tiers_or_three(system: str, tiers: int) -> None:
    assert len(subnets(synthesize(system, "prod"))) == configuration(system, "prod").network.tiers == tiers


@pytest.mark.parametrize(
    ("system", "clusters", "instances"),
    [("notifications", 1, 0), ("ticketero", 0, 1), ("webapp", 0, 1), ("platform", 0, 1), ("ecommerce", 0, 7)],
)
def test_aurora_or_rds_instances(system: str, clusters: int, instances: int) -> None:
    assembly = synthesize(system, "prod")
    assert count(assembly, "AWS::RDS::DBCluster") == clusters
    by_themselves = [
        each
        for each in assembly.resources("AWS::RDS::DBInstance").values()
        if "DBClusterIdentifier" not in each["Properties"]
    ]
    assert len(by_themselves) == instances


@pytest.mark.parametrize(
    ("system", "functions", "brokers", "tasks"),
    [("notifications", 1, 0, set()), ("platform", 0, 0, {"worker", "notifier"}), ("ticketero", 0, 1, {"tickets"})],
)
def test_a_function_on_sqs_a_task_or_a_consumer_of_rabbitmq_works_off_what_waits(
    system: str, functions: int, brokers: int, tasks: set[str]
) -> None:
    assembly = synthesize(system, "prod")
    assert count(assembly, "AWS::Lambda::EventSourceMapping") == functions
    assert count(assembly, "AWS::AmazonMQ::Broker") == brokers
    assert tasks <= services(assembly).keys()


def test_each_system_names_its_environments() -> None:
    named = {system: list(environments_of(system)) for system in ("notifications", "ticketero", "platform")}
    assert named == {
        "notifications": ["dev", "staging", "prod"],
        "ticketero": ["dev", "prod"],
        "platform": ["dev", "prod"],
    }
    for system, environments in named.items():
        for environment in environments:
            assert configuration(system, environment).environment == environment
            assert isinstance(configuration(system, environment).lifecycle, Lifecycle)


def test_backups_are_kept_as_long_as_config_says() -> None:
    kept = {}
    for system in ("notifications", "webapp", "platform", "ecommerce"):
        assembly = synthesize(system, "prod")
        found = [
            *assembly.resources("AWS::RDS::DBCluster").values(),
            *assembly.resources("AWS::RDS::DBInstance").values(),
        ]
        days = {each["Properties"].get("BackupRetentionPeriod") for each in found} - {None}
        configured = {each.backup_retention_days for each in configuration(system, "prod").databases.values()}
        assert days == configured, system
        (kept[system],) = days
    assert kept == {"notifications": 14, "webapp": 30, "platform": 30, "ecommerce": 14}
