"""Decisions of the network."""

import itertools
from ipaddress import IPv4Network
from typing import Any

import pytest
from aws_cdk import assertions
from aws_cdk import aws_logs as logs

from config.model import Nat
from constructs_lib.network import ThreeTierNetwork
from tests.support.given import config, template_of

ONE_MONTH = logs.RetentionDays.ONE_MONTH


def network(**changes: Any) -> assertions.Template:
    it = config(network=changes).network
    return template_of(lambda stack: ThreeTierNetwork(stack, "Network", config=it, log_retention=ONE_MONTH))


def subnets(template: assertions.Template) -> dict[str, list[IPv4Network]]:
    """Blocks of the subnets by their tier."""
    tiers: dict[str, list[IPv4Network]] = {}
    for subnet in template.find_resources("AWS::EC2::Subnet").values():
        tags = {tag["Key"]: tag["Value"] for tag in subnet["Properties"]["Tags"]}
        block = IPv4Network(subnet["Properties"]["CidrBlock"])
        tiers.setdefault(tags["aws-cdk:subnet-name"], []).append(block)
    return tiers


@pytest.mark.parametrize("zones", [2, 3])
def test_three_tiers_in_every_zone(zones: int) -> None:
    tiers = subnets(network(zones=zones, nat=Nat.GATEWAY))
    assert {tier: len(blocks) for tier, blocks in tiers.items()} == {
        "Public": zones,
        "Private": zones,
        "Isolated": zones,
    }
    for block in itertools.chain(*tiers.values()):
        assert block.prefixlen == 24
        assert block.subnet_of(IPv4Network("10.0.0.0/16"))


@pytest.mark.parametrize(
    ("nat", "gateways", "instances"),
    [(Nat.INSTANCE, 0, 1), (Nat.GATEWAY, 1, 0), (Nat.GATEWAY_PER_ZONE, 3, 0)],
)
def test_the_way_out_is_chosen_by_config(nat: Nat, gateways: int, instances: int) -> None:
    template = network(zones=3, nat=nat)
    template.resource_count_is("AWS::EC2::NatGateway", gateways)
    template.resource_count_is("AWS::EC2::Instance", instances)


def test_isolated_subnets_have_no_way_out() -> None:
    """Data that can reach the internet can leave by it."""
    template = network(zones=2, nat=Nat.GATEWAY)
    isolated = {
        name
        for name, table in template.find_resources("AWS::EC2::RouteTable").items()
        if any("Isolated" in str(tag["Value"]) for tag in table["Properties"]["Tags"])
    }
    assert len(isolated) == 2
    routed = {
        route["Properties"]["RouteTableId"]["Ref"] for route in template.find_resources("AWS::EC2::Route").values()
    }
    assert not isolated & routed


def test_s3_is_reached_without_nat() -> None:
    """Through NAT every image layer and asset is paid for by the GB."""
    template = network()
    (endpoint,) = template.find_resources("AWS::EC2::VPCEndpoint").values()
    assert endpoint["Properties"]["VpcEndpointType"] == "Gateway"
    tables = {table["Ref"] for table in endpoint["Properties"]["RouteTableIds"]}
    assert len(tables) == 4
    assert not [table for table in tables if "Isolated" in table]


def test_default_security_group_is_closed() -> None:
    """Whatever is started without a group of its own would otherwise talk to all others like it."""
    network().resource_count_is("Custom::VpcRestrictDefaultSG", 1)


def test_nat_instance_serves_the_vpc_only() -> None:
    """Open to the world, it would forward anyone's traffic."""
    template = network(nat=Nat.INSTANCE)
    (group,) = template.find_resources("AWS::EC2::SecurityGroup").values()
    (rule,) = group["Properties"]["SecurityGroupIngress"]
    assert "GetAtt" in str(rule["CidrIp"])
    assert "CidrBlock" in str(rule["CidrIp"])
