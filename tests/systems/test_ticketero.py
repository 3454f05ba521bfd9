"""ticketero is what requirements 73 to 82 ask for."""

import pytest

from tests.support.synth import Assembly, synthesize
from tests.systems.templates import alarms, count, only, scaling, services, subnets


@pytest.fixture(scope="module")
def dev() -> Assembly:
    return synthesize("ticketero", "dev")


@pytest.fixture(scope="module")
def prod() -> Assembly:
    return synthesize("ticketero", "prod")


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_subnets_are_those_of_the_reference(environment: str) -> None:
    assembly = synthesize("ticketero", environment)
    assert only(assembly, "AWS::EC2::VPC")["CidrBlock"] == "10.0.0.0/16"
    assert subnets(assembly) == {
        "Public": ["10.0.1.0/24", "10.0.2.0/24"],
        "Private": ["10.0.11.0/24", "10.0.12.0/24"],
    }


def test_one_nat_gateway_in_dev_two_in_prod(dev: Assembly, prod: Assembly) -> None:
    assert (count(dev, "AWS::EC2::NatGateway"), count(prod, "AWS::EC2::NatGateway")) == (1, 2)


def test_database_has_a_standby_in_prod_only(dev: Assembly, prod: Assembly) -> None:
    assert only(dev, "AWS::RDS::DBInstance")["MultiAZ"] is False
    assert only(prod, "AWS::RDS::DBInstance")["MultiAZ"] is True
    assert only(prod, "AWS::RDS::DBInstance")["Engine"] == "postgres"


def test_tasks_and_their_scaling(dev: Assembly, prod: Assembly) -> None:
    assert (set(services(dev)), scaling(dev)) == ({"tickets"}, [(1, 2)])
    assert (set(services(prod)), scaling(prod)) == ({"tickets"}, [(2, 4)])


def test_exactly_four_alarms_and_a_dashboard_in_prod(prod: Assembly) -> None:
    assert len(alarms(prod)) == 4
    assert {place.partition("/")[0] for place in alarms(prod)} == {"Api", "Broker", "Database"}
    assert count(prod, "AWS::CloudWatch::Dashboard") == 1


def test_neither_alarms_nor_dashboard_in_dev(dev: Assembly) -> None:
    assert alarms(dev) == []
    assert count(dev, "AWS::CloudWatch::Dashboard") == 0


def test_a_single_broker_in_dev_a_cluster_in_prod(dev: Assembly, prod: Assembly) -> None:
    small, large = only(dev, "AWS::AmazonMQ::Broker"), only(prod, "AWS::AmazonMQ::Broker")
    assert (small["EngineType"], small["DeploymentMode"], len(small["SubnetIds"])) == ("RABBITMQ", "SINGLE_INSTANCE", 1)
    assert (large["EngineType"], large["DeploymentMode"]) == ("RABBITMQ", "CLUSTER_MULTI_AZ")
    assert small["PubliclyAccessible"] is large["PubliclyAccessible"] is False


def test_the_bot_has_a_secret(prod: Assembly) -> None:
    described = [
        secret["Properties"].get("Description", "") for secret in prod.resources("AWS::SecretsManager::Secret").values()
    ]
    assert [text for text in described if "Telegram" in text] != []
