"""ticketero is what requirements 73 to 82 ask for."""

import pytest

from tests.support.synth import Assembly, synthesize
from tests.systems.placement import origin, statements_of, tiers, ways
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


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_internet_reaches_the_service_through_the_load_balancer_only(environment: str) -> None:
    assembly = synthesize("ticketero", environment)
    balancer, service = only(assembly, "AWS::ElasticLoadBalancingV2::LoadBalancer"), only(assembly, "AWS::ECS::Service")
    assert balancer["Scheme"] == "internet-facing"
    assert tiers(assembly, "Api", balancer["Subnets"]) == {"Public"}
    assert service["LaunchType"] == "FARGATE"
    network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert (tiers(assembly, "Api", network["Subnets"]), network["AssignPublicIp"]) == ({"Private"}, "DISABLED")
    into_tasks = {way for way in ways(assembly) if way[1] == "Api/TicketsSecurityGroup"}
    assert into_tasks == {("Api/LoadBalancerSecurityGroup", "Api/TicketsSecurityGroup", 3000)}


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_database_and_broker_stand_in_the_private_subnets(environment: str) -> None:
    assembly = synthesize("ticketero", environment)
    database = only(assembly, "AWS::RDS::DBInstance")
    assert tiers(assembly, "Database", only(assembly, "AWS::RDS::DBSubnetGroup")["SubnetIds"]) == {"Private"}
    assert tiers(assembly, "Broker", only(assembly, "AWS::AmazonMQ::Broker")["SubnetIds"]) == {"Private"}
    assert (database["Engine"], database["PubliclyAccessible"]) == ("postgres", False)
    assert database["ManageMasterUserPassword"] is True, "its secret is in Secrets Manager"


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_service_reads_the_bots_secret(environment: str) -> None:
    assembly = synthesize("ticketero", environment)
    (container,) = only(assembly, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    given = {entry["Name"]: entry["Value"] for entry in container["Environment"]}
    secret = "Api/ChannelsTelegramToken"
    assert origin(assembly, "Api", given["TELEGRAM_SECRET_ARN"]) == secret
    assert secret in statements_of(assembly, "Api", "TicketsTaskTaskRole")["secretsmanager:GetSecretValue"]


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_image_comes_from_the_registry_of_the_account(environment: str) -> None:
    (container,) = only(synthesize("ticketero", environment), "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    assert "cdk-hnb659fds-container-assets-" in str(container["Image"])
