"""Who reaches whom, in every system and environment."""

import json
from collections.abc import Iterator
from functools import reduce
from typing import Any

import pytest

from tests.support.synth import Assembly, all_environments, synthesize

WORLD = "0.0.0.0/0"
# Where the CDK writes that a group lets nothing out.
NOWHERE = "255.255.255.255/32"
# Where what keeps data names its security groups.
KEEPING_DATA = {
    "AWS::AmazonMQ::Broker": ("SecurityGroups",),
    "AWS::ElastiCache::ReplicationGroup": ("SecurityGroupIds",),
    "AWS::OpenSearchService::Domain": ("VPCOptions", "SecurityGroupIds"),
    "AWS::RDS::DBCluster": ("VpcSecurityGroupIds",),
    "AWS::RDS::DBInstance": ("VPCSecurityGroups",),
}
# The one way in; nothing else is asked by strangers.
OPEN_TO_THE_WORLD = {"LoadBalancer": {80, 443}}
# Groups that let in addresses instead of members of a group, by the end of their description, and why.
BY_ADDRESS = {"NatSecurityGroup": "whoever has a route to it is in a private subnet of its VPC"}
# What leaves the VPC on which ports: code, by HTTPS, and to the ports that recipients of webhooks may choose.
LEAVING = {(443, 443), (1024, 65_535)}


@pytest.fixture(params=all_environments(), ids="/".join)
def assembly(request: pytest.FixtureRequest) -> Assembly:
    return synthesize(*request.param)


def inward(assembly: Assembly) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every rule that lets something in, by what lets it in."""
    for place, group in assembly.resources("AWS::EC2::SecurityGroup").items():
        for rule in group["Properties"].get("SecurityGroupIngress", []):
            yield place, rule
    for place, rule in assembly.resources("AWS::EC2::SecurityGroupIngress").items():
        yield place, rule["Properties"]


def outward(assembly: Assembly) -> Iterator[tuple[str, dict[str, Any]]]:
    for place, group in assembly.resources("AWS::EC2::SecurityGroup").items():
        for rule in group["Properties"].get("SecurityGroupEgress", []):
            yield place, rule
    for place, rule in assembly.resources("AWS::EC2::SecurityGroupEgress").items():
        yield place, rule["Properties"]


def wrong_inward(place: str, rule: dict[str, Any]) -> str:
    """What is wrong with a rule that lets something in; nothing where nothing is."""
    by_address = any(name in place for name in BY_ADDRESS)
    ports = next((ports for name, ports in OPEN_TO_THE_WORLD.items() if f"/{name}" in place), set())
    wrong = {
        "lets in the world": rule.get("CidrIp") == WORLD and rule["FromPort"] not in ports,
        "lets in addresses": rule.get("CidrIp") != WORLD and not by_address and "SourceSecurityGroupId" not in rule,
        "opens a range of ports": not by_address and rule["FromPort"] != rule["ToPort"],
        "lets in more than TCP": rule["IpProtocol"] != "tcp",
        "lets in addresses of IPv6": "CidrIpv6" in rule,
    }
    return ", ".join(name for name, is_so in wrong.items() if is_so)


def test_groups_let_in_groups_on_single_ports(assembly: Assembly) -> None:
    for place, rule in inward(assembly):
        assert not wrong_inward(place, rule), f"{place} {wrong_inward(place, rule)}: {rule}"


@pytest.mark.parametrize(
    ("source", "first", "last", "wrong"),
    [
        ({"CidrIp": WORLD}, 80, 80, ""),
        ({"CidrIp": WORLD}, 80, 443, "opens a range of ports"),
        ({"CidrIp": WORLD}, 22, 22, "lets in the world"),
        ({"CidrIp": "0.0.0.0/1"}, 80, 80, "lets in addresses"),
        ({"SourceSecurityGroupId": "sg-1"}, 5432, 5432, ""),
        ({"SourceSecurityGroupId": "sg-1"}, 0, 65_535, "opens a range of ports"),
    ],
)
def test_a_range_of_ports_is_found_whoever_is_let_in(source: dict[str, str], first: int, last: int, wrong: str) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": first, "ToPort": last, **source}
    assert wrong_inward("Api/LoadBalancerSecurityGroup", rule) == wrong


def test_every_exception_is_needed() -> None:
    rules = [(place, rule) for names in all_environments() for place, rule in inward(synthesize(*names))]
    for name in BY_ADDRESS:
        assert [place for place, rule in rules if name in place and "CidrIp" in rule], f"{name} is no exception"
    for name, ports in OPEN_TO_THE_WORLD.items():
        assert {
            rule["FromPort"] for place, rule in rules if f"/{name}" in place and rule.get("CidrIp") == WORLD
        } == ports


def test_what_leaves_leaves_by_tcp_on_known_ports(assembly: Assembly) -> None:
    for place, rule in outward(assembly):
        if rule.get("CidrIp") == NOWHERE:
            continue
        assert rule["IpProtocol"] == "tcp", f"{place}: {rule}"
        assert "CidrIpv6" not in rule, f"{place}: {rule}"
        if "CidrIp" in rule:
            assert (rule["FromPort"], rule["ToPort"]) in LEAVING, f"{place}: {rule}"
        else:
            assert rule["FromPort"] == rule["ToPort"], f"{place}: {rule}"


def test_no_group_lets_out_whatever_it_likes(assembly: Assembly) -> None:
    """A group that says nothing lets everything out; a rule that stands by itself ends that.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroupegress.html
    """
    alone = {
        f"{place.partition('/')[0]}/{rule['Properties']['GroupId']['Fn::GetAtt'][0]}"
        for place, rule in assembly.resources("AWS::EC2::SecurityGroupEgress").items()
        if "Fn::GetAtt" in rule["Properties"]["GroupId"]
    }
    for place, group in assembly.resources("AWS::EC2::SecurityGroup").items():
        assert group["Properties"].get("SecurityGroupEgress") or place in alone, place


def test_what_keeps_data_lets_nothing_out(assembly: Assembly) -> None:
    """In a network of two tiers its subnets have a route to NAT: the group alone keeps it from leaving."""
    kept = {
        f"{place.partition('/')[0]}/{group['Fn::GetAtt'][0]}"
        for resource_type, path in KEEPING_DATA.items()
        for place, resource in assembly.resources(resource_type).items()
        for group in reduce(lambda found, key: found.get(key, {}), path, resource["Properties"])
    }
    assert kept
    alone = {
        json.dumps(each["Properties"]["GroupId"])
        for each in assembly.resources("AWS::EC2::SecurityGroupEgress").values()
    }
    groups = assembly.resources("AWS::EC2::SecurityGroup")
    for place in kept:
        assert [rule["CidrIp"] for rule in groups[place]["Properties"]["SecurityGroupEgress"]] == [NOWHERE], place
        assert not [group for group in alone if f'"{place.partition("/")[2]}"' in group], place


def test_the_default_group_of_every_vpc_is_closed(assembly: Assembly) -> None:
    vpcs = {place.partition("/")[2] for place in assembly.resources("AWS::EC2::VPC")}
    closed = {
        each["Properties"]["DefaultSecurityGroupId"]["Fn::GetAtt"][0]
        for each in assembly.resources("Custom::VpcRestrictDefaultSG").values()
    }
    assert vpcs
    assert closed == vpcs


def isolated_tables(assembly: Assembly) -> set[str]:
    """The route tables of isolated subnets."""
    isolated = {
        place.partition("/")[2]
        for place, subnet in assembly.resources("AWS::EC2::Subnet").items()
        if {"Key": "aws-cdk:subnet-type", "Value": "Isolated"} in subnet["Properties"]["Tags"]
    }
    return {
        each["Properties"]["RouteTableId"]["Ref"]
        for each in assembly.resources("AWS::EC2::SubnetRouteTableAssociation").values()
        if each["Properties"]["SubnetId"]["Ref"] in isolated
    }


def test_isolated_subnets_lead_nowhere(assembly: Assembly) -> None:
    tables = isolated_tables(assembly)
    routed = {route["Properties"]["RouteTableId"]["Ref"] for route in assembly.resources("AWS::EC2::Route").values()}
    led = {
        table["Ref"]
        for endpoint in assembly.resources("AWS::EC2::VPCEndpoint").values()
        for table in endpoint["Properties"].get("RouteTableIds", [])
    }
    assert not tables & (routed | led)


def test_systems_of_three_tiers_have_isolated_subnets() -> None:
    assert len(isolated_tables(synthesize("notifications", "prod"))) == 3


def test_nothing_gets_a_public_address_by_itself(assembly: Assembly) -> None:
    for place, subnet in assembly.resources("AWS::EC2::Subnet").items():
        assert subnet["Properties"]["MapPublicIpOnLaunch"] is False, place
    for place, service in assembly.resources("AWS::ECS::Service").items():
        network = service["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"]
        assert network["AssignPublicIp"] == "DISABLED", place


def test_instances_ask_for_tokens_and_encrypt_their_disks(assembly: Assembly) -> None:
    for place, instance in assembly.resources("AWS::EC2::Instance").items():
        assert instance["Properties"]["MetadataOptions"]["HttpTokens"] == "required", place
        assert all(disk["Ebs"]["Encrypted"] for disk in instance["Properties"]["BlockDeviceMappings"]), place


def attributes(listener: dict[str, Any]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in listener["Properties"].get("ListenerAttributes", [])}


def test_https_is_of_today_and_remembered(assembly: Assembly) -> None:
    header = "routing.http.response.strict_transport_security.header_value"
    for place, listener in assembly.resources("AWS::ElasticLoadBalancingV2::Listener").items():
        found = attributes(listener)
        assert found["routing.http.response.x_content_type_options.header_value"] == "nosniff", place
        if listener["Properties"]["Protocol"] == "HTTPS":
            assert "TLS13-1-2" in listener["Properties"]["SslPolicy"], place
            assert found[header].startswith("max-age="), place


def test_plain_http_only_redirects_where_there_is_https(assembly: Assembly) -> None:
    listeners = assembly.resources("AWS::ElasticLoadBalancingV2::Listener").values()
    if any(listener["Properties"]["Protocol"] == "HTTPS" for listener in listeners):
        plain = [each for each in listeners if each["Properties"]["Protocol"] == "HTTP"]
        assert [action["Type"] for each in plain for action in each["Properties"]["DefaultActions"]] == ["redirect"]


def test_prod_records_and_filters_what_comes_in() -> None:
    for system, environment in all_environments():
        assembly = synthesize(system, environment)
        found = [
            bool(assembly.resources(kind))
            for kind in ("AWS::EC2::FlowLog", "AWS::WAFv2::WebACLAssociation", "AWS::WAFv2::LoggingConfiguration")
        ]
        assert found == [environment == "prod"] * 3, f"{system}/{environment}"
