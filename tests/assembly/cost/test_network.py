"""Ways in and out, with quantities computed by hand."""

from pathlib import Path
from typing import Any

import pytest

from assembly.cost.bill import read_bill
from assembly.cost.statement import Traffic
from assembly.errors import InputError
from tests.assembly.assemblies import write
from tests.assembly.cost.given import HOURS, charges

BALANCER = {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Subnets": ["a", "b"], "Scheme": "internet-facing"}
VPC = {"Type": "AWS::EC2::VPC"}
ENDPOINT = {"Type": "AWS::EC2::VPCEndpoint", "VpcEndpointType": "Interface", "SubnetIds": ["a", "b"]}
GATEWAY = {"Type": "AWS::EC2::NatGateway", "SubnetId": "a"}


def subnet(zone: int) -> dict[str, Any]:
    zones = {"Fn::Select": [zone, {"Fn::GetAZs": ""}]}
    return {"Type": "AWS::EC2::Subnet", "VpcId": {"Ref": "Vpc"}, "AvailabilityZone": zones}


def test_a_load_balancer_is_paid_by_the_hour_with_an_address_in_each_subnet(tmp_path: Path) -> None:
    assert charges(tmp_path, Traffic(), Balancer=BALANCER) == {"alb.hour": HOURS, "ipv4.hour": 2 * HOURS}


@pytest.mark.parametrize("private", [{"Scheme": "internal"}, {"IpAddressType": "dualstack-without-public-ipv4"}])
def test_without_public_addresses_none_are_paid(private: dict[str, str], tmp_path: Path) -> None:
    assert "ipv4.hour" not in charges(tmp_path, Traffic(), Balancer={**BALANCER, **private})


@pytest.mark.parametrize(
    ("traffic", "units"),
    [
        # 25 new connections a second are one unit, so nine million in a month are a hundred hours of one.
        (Traffic(requests_per_month=9_000_000, out_gib_per_month=99), 100),
        # One GiB in an hour is one unit; the dimension that is used most counts alone.
        (Traffic(requests_per_month=9_000_000, out_gib_per_month=101), 101),
    ],
)
def test_capacity_units_follow_the_dimension_used_most(traffic: Traffic, units: float, tmp_path: Path) -> None:
    assert charges(tmp_path, traffic, Balancer=BALANCER)["alb.lcu_hour"] == pytest.approx(units)


def test_another_type_of_load_balancer_is_refused(tmp_path: Path) -> None:
    balancer = {"Type": BALANCER["Type"], "Properties": {"Type": "network"}}
    with pytest.raises(InputError, match="shop-data: Balancer is of type network; only application is priced"):
        read_bill(write(tmp_path, data={"Resources": {"Balancer": balancer}}))


def test_gateways_share_what_goes_through_nat(tmp_path: Path) -> None:
    found = charges(
        tmp_path, Traffic(nat_gib_per_month=40), One=GATEWAY, Two=GATEWAY, Address={"Type": "AWS::EC2::EIP"}
    )
    assert found == {"nat_gateway.hour": 2 * HOURS, "nat_gateway.gib": 40, "ipv4.hour": HOURS}


def test_a_regional_gateway_is_paid_in_each_zone_of_its_vpc(tmp_path: Path) -> None:
    regional = {"Type": "AWS::EC2::NatGateway", "AvailabilityMode": "regional", "VpcId": {"Ref": "Vpc"}}
    elsewhere = {**subnet(2), "VpcId": {"Ref": "Other"}}
    found = charges(
        tmp_path, Traffic(), Vpc=VPC, Other=VPC, A=subnet(0), B=subnet(1), C=subnet(1), D=elsewhere, Nat=regional
    )
    assert found == {"nat_gateway.regional.hour": 2 * HOURS, "ipv4.hour": 2 * HOURS}


def test_endpoints_are_paid_by_subnet_and_carry_what_no_nat_does(tmp_path: Path) -> None:
    traffic = Traffic(nat_gib_per_month=10)
    found = charges(tmp_path, traffic, Queue=ENDPOINT, Logs=ENDPOINT, Files={"Type": "AWS::EC2::VPCEndpoint"})
    assert found == {"interface_endpoint.hour": 4 * HOURS, "interface_endpoint.gib": 10}
    beside = charges(tmp_path, traffic, Queue=ENDPOINT, Nat=GATEWAY)
    assert beside == {"interface_endpoint.hour": 2 * HOURS, "nat_gateway.hour": HOURS, "nat_gateway.gib": 10}


def test_an_instance_that_forwards_is_nat_too(tmp_path: Path) -> None:
    instance = {"Type": "AWS::EC2::Instance", "InstanceType": "t4g.nano", "SourceDestCheck": False}
    assert "interface_endpoint.gib" not in charges(
        tmp_path, Traffic(nat_gib_per_month=10), Queue=ENDPOINT, Nat=instance
    )


def test_what_goes_out_to_the_internet_is_counted_once(tmp_path: Path) -> None:
    found = charges(tmp_path, Traffic(out_gib_per_month=150), Vpc=VPC, Balancer=BALANCER, Nat=GATEWAY)
    assert found["transfer.out_gib"] == 150


def test_a_web_acl_is_paid_with_its_rules_and_what_it_looks_at(tmp_path: Path) -> None:
    acl = {"Type": "AWS::WAFv2::WebACL", "Rules": [{"Name": name} for name in ("limit", "common", "sql")]}
    association = {"Type": "AWS::WAFv2::WebACLAssociation"}
    found = charges(tmp_path, Traffic(requests_per_month=2_000_000), Acl=acl, Association=association)
    assert found == {"waf.web_acl_month": 1, "waf.rule_month": 3, "waf.request": 2_000_000}
