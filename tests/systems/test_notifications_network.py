"""The network of notifications is what requirements 13 to 19, 58 and 60 ask for."""

import pytest

from tests.support.synth import Assembly, synthesize
from tests.systems.placement import ANYONE, exits, tiers, ways
from tests.systems.templates import count, only, subnets


@pytest.fixture(params=["dev", "staging", "prod"])
def assembly(request: pytest.FixtureRequest) -> Assembly:
    return synthesize("notifications", request.param)


def test_vpc_has_the_block_of_the_reference(assembly: Assembly) -> None:
    assert only(assembly, "AWS::EC2::VPC")["CidrBlock"] == "10.0.0.0/16"


def test_every_tier_has_a_subnet_in_each_of_two_or_three_zones(assembly: Assembly) -> None:
    zones: dict[str, list[int]] = {}
    for subnet in assembly.resources("AWS::EC2::Subnet").values():
        properties = subnet["Properties"]
        tier = {tag["Key"]: tag["Value"] for tag in properties["Tags"]}["aws-cdk:subnet-name"]
        zones.setdefault(tier, []).append(properties["AvailabilityZone"]["Fn::Select"][0])
    assert zones.keys() == {"Public", "Private", "Isolated"}
    in_use = zones["Public"]
    assert len(in_use) in {2, 3}
    assert len(set(in_use)) == len(in_use)
    assert zones["Private"] == zones["Isolated"] == in_use


def test_only_the_load_balancer_stands_in_the_public_subnets(assembly: Assembly) -> None:
    balancer = only(assembly, "AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert balancer["Scheme"] == "internet-facing"
    assert tiers(assembly, "Api", balancer["Subnets"]) == {"Public"}
    assert len(balancer["Subnets"]) == len(subnets(assembly)["Public"])


def test_tasks_and_functions_stand_in_the_private_subnets(assembly: Assembly) -> None:
    for place, service in assembly.resources("AWS::ECS::Service").items():
        network = service["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"]
        assert tiers(assembly, place.partition("/")[0], network["Subnets"]) == {"Private"}, place
        assert network["AssignPublicIp"] == "DISABLED", place
    functions = {
        place: function["Properties"]["VpcConfig"]["SubnetIds"]
        for place, function in assembly.resources("AWS::Lambda::Function").items()
        if "VpcConfig" in function["Properties"]
    }
    assert {place.partition("/")[0] for place in functions} == {"Database", "Worker", "Api"}
    for place, references in functions.items():
        assert tiers(assembly, place.partition("/")[0], references) == {"Private"}, place


def test_the_database_stands_in_isolated_subnets_that_lead_nowhere(assembly: Assembly) -> None:
    group = only(assembly, "AWS::RDS::DBSubnetGroup")
    assert tiers(assembly, "Database", group["SubnetIds"]) == {"Isolated"}
    assert len(group["SubnetIds"]) == len(subnets(assembly)["Isolated"])
    assert set(exits(assembly)["Isolated"]) == {None}


@pytest.mark.parametrize(
    ("environment", "zones", "exit_"),
    [("dev", 2, "NAT instance"), ("staging", 2, "NAT gateway"), ("prod", 3, "NAT gateway")],
)
def test_private_subnets_reach_the_world_through_nat(environment: str, zones: int, exit_: str) -> None:
    found = exits(synthesize("notifications", environment))
    assert found["Private"] == [exit_] * zones
    assert found["Public"] == ["internet gateway"] * zones


def test_dev_has_a_nat_instance_and_pays_for_no_gateway() -> None:
    dev = synthesize("notifications", "dev")
    assert (count(dev, "AWS::EC2::NatGateway"), count(dev, "AWS::EC2::Instance")) == (0, 1)


def test_security_groups_let_in_who_needs_it_and_nobody_else(assembly: Assembly) -> None:
    """The world reaches the load balancer, that the tasks, and the database only code of this system."""
    found = ways(assembly)
    balancer = "Api/LoadBalancerSecurityGroup"
    to_balancer = {(source, port) for source, target, port in found if target == balancer}
    with_certificate = count(assembly, "AWS::ElasticLoadBalancingV2::Listener") == 2
    assert to_balancer == ({(ANYONE, 80), (ANYONE, 443)} if with_certificate else {(ANYONE, 80)})
    assert {way for way in found if way[1] == "Api/ApiSecurityGroup"} == {(balancer, "Api/ApiSecurityGroup", 3000)}
    assert {way for way in found if way[0] == ANYONE} == {(ANYONE, balancer, port) for _, port in to_balancer}


def test_only_code_of_the_system_gets_into_the_database(assembly: Assembly) -> None:
    found = {way for way in ways(assembly) if way[1] == "Database/NotificationsClusterSecurityGroup"}
    sweeper = {"Worker/OutboxSweeperSecurityGroup"} if "rate(" in str(assembly.templates["Worker"]) else set()
    assert {source for source, _, _ in found} == sweeper | {
        "Api/ApiSecurityGroup",
        "Api/NotificationsKeysSecurityGroup",
        "Worker/WorkerSecurityGroup",
        "Worker/ReplaySecurityGroup",
        "Database/NotificationsMigrationsMigratorSecurityGroup",
        "Database/NotificationsRotationRotatorSecurityGroup",
    }
    assert {port for _, _, port in found} == {5432}
