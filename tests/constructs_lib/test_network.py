"""Decisions of the network."""

import itertools
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_logs as logs

from config.load import load
from config.model import FlowLogsConfig, Lifecycle, Nat, NetworkConfig
from constructs_lib.network import (
    ISOLATED,
    PRIVATE,
    Network,
    data_subnets,
)
from tests.support.given import template_of

ONE_MONTH = logs.RetentionDays.ONE_MONTH
COMPUTED = NetworkConfig(cidr="10.0.0.0/16", zones=2, nat=Nat.GATEWAY)
TICKETERO = load("ticketero", "dev").network
PLATFORM = load("platform", "dev").network


def network(
    given: NetworkConfig = COMPUTED,
    endpoints: Sequence[str] = (),
    lifecycle: Lifecycle = Lifecycle.DESTROY,
    **changes: Any,
) -> assertions.Template:
    it = given.model_copy(update=changes)

    def build(stack: cdk.Stack) -> None:
        Network(stack, "Network", config=it, log_retention=ONE_MONTH, lifecycle=lifecycle, endpoints=endpoints)

    return template_of(build)


def tag(resource: Mapping[str, Any], key: str) -> str:
    tags = {each["Key"]: each["Value"] for each in resource["Properties"]["Tags"]}
    value: str = tags[key]
    return value


def subnets(template: assertions.Template) -> dict[str, list[str]]:
    """Blocks of the subnets by their tier, in the order of their zones."""
    tiers: dict[str, list[tuple[int, str]]] = {}
    for subnet in template.find_resources("AWS::EC2::Subnet").values():
        position = subnet["Properties"]["AvailabilityZone"]["Fn::Select"][0]
        tiers.setdefault(tag(subnet, "aws-cdk:subnet-name"), []).append((position, subnet["Properties"]["CidrBlock"]))
    return {tier: [block for _, block in sorted(blocks)] for tier, blocks in tiers.items()}


def routed_tables(template: assertions.Template) -> set[str]:
    """Route tables that lead out of the VPC."""
    return {route["Properties"]["RouteTableId"]["Ref"] for route in template.find_resources("AWS::EC2::Route").values()}


def tables(template: assertions.Template, tier: str) -> set[str]:
    found = template.find_resources("AWS::EC2::RouteTable").items()
    return {name for name, table in found if f"/{tier}Subnet" in tag(table, "Name")}


@pytest.mark.parametrize("zones", [2, 3])
def test_three_tiers_in_every_zone(zones: int) -> None:
    tiers = subnets(network(zones=zones))
    assert {tier: len(blocks) for tier, blocks in tiers.items()} == {
        "Public": zones,
        "Private": zones,
        "Isolated": zones,
    }
    for text in itertools.chain(*tiers.values()):
        block = IPv4Network(text)
        assert block.prefixlen == 24
        assert block.subnet_of(IPv4Network("10.0.0.0/16"))


def test_two_tiers_have_no_isolated_one() -> None:
    assert set(subnets(network(tiers=2))) == {"Public", "Private"}


def test_computed_blocks_follow_one_another() -> None:
    """A block that moves to another tier replaces its subnet, and everything in it."""
    assert subnets(network()) == {
        "Public": ["10.0.0.0/24", "10.0.1.0/24"],
        "Private": ["10.0.2.0/24", "10.0.3.0/24"],
        "Isolated": ["10.0.4.0/24", "10.0.5.0/24"],
    }


def test_exact_blocks_of_two_tiers() -> None:
    """Peers and firewalls elsewhere name these blocks: a neighbouring one is as wrong as any other."""
    assert subnets(network(TICKETERO)) == {
        "Public": ["10.0.1.0/24", "10.0.2.0/24"],
        "Private": ["10.0.11.0/24", "10.0.12.0/24"],
    }


def test_exact_blocks_of_three_tiers() -> None:
    template = network(PLATFORM)
    assert subnets(template) == {
        "Public": ["10.0.1.0/24", "10.0.2.0/24"],
        "Private": ["10.0.10.0/24", "10.0.20.0/24"],
        "Isolated": ["10.0.100.0/24", "10.0.110.0/24"],
    }
    template.has_resource_properties("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16"})


@pytest.mark.parametrize(
    ("nat", "gateways", "addresses", "instances"),
    [
        (Nat.NONE, 0, 0, 0),
        (Nat.INSTANCE, 0, 0, 1),
        (Nat.GATEWAY, 1, 1, 0),
        (Nat.GATEWAY_PER_ZONE, 3, 3, 0),
        # Its addresses are AWS's to hand out, zone by zone.
        (Nat.REGIONAL, 1, 0, 0),
    ],
)
def test_the_way_out_is_chosen_by_config(nat: Nat, gateways: int, addresses: int, instances: int) -> None:
    template = network(zones=3, nat=nat)
    template.resource_count_is("AWS::EC2::NatGateway", gateways)
    template.resource_count_is("AWS::EC2::EIP", addresses)
    template.resource_count_is("AWS::EC2::Instance", instances)


@pytest.mark.parametrize("nat", [nat for nat in Nat if nat is not Nat.NONE])
def test_every_private_subnet_has_the_way_out(nat: Nat) -> None:
    """A subnet without it works until a task is started there."""
    template = network(zones=3, nat=nat)
    private = tables(template, "Private")
    assert len(private) == 3
    assert private <= routed_tables(template)


def test_a_regional_gateway_stands_in_no_subnet() -> None:
    """In a subnet it would be gone with that subnet's zone, which is what it is taken for."""
    (gateway,) = network(nat=Nat.REGIONAL).find_resources("AWS::EC2::NatGateway").values()
    assert gateway["Properties"]["AvailabilityMode"] == "regional"
    assert "SubnetId" not in gateway["Properties"]


def test_a_regional_gateway_waits_until_the_internet_gateway_is_attached() -> None:
    """AWS refuses it in a VPC that has no internet gateway yet; one in a subnet waits for that subnet's route."""
    template = network(nat=Nat.REGIONAL)
    (attachment,) = template.find_resources("AWS::EC2::VPCGatewayAttachment")
    (gateway,) = template.find_resources("AWS::EC2::NatGateway").values()
    assert attachment in gateway["DependsOn"]


def test_without_nat_nothing_private_leads_to_the_internet() -> None:
    template = network(nat=Nat.NONE)
    assert len(tables(template, "Private")) == 2
    assert not tables(template, "Private") & routed_tables(template)


def test_endpoints_stand_in_for_nat() -> None:
    """Without them a task can neither be pulled nor log, and never starts."""
    template = network(nat=Nat.NONE, endpoints=("ecr.api", "sqs"))
    endpoints = [
        endpoint["Properties"]
        for endpoint in template.find_resources("AWS::EC2::VPCEndpoint").values()
        if endpoint["Properties"]["VpcEndpointType"] == "Interface"
    ]
    assert sorted(str(endpoint["ServiceName"]).rpartition("}, '")[2] for endpoint in endpoints) == [
        ".ecr.api']]}",
        ".sqs']]}",
    ]
    for endpoint in endpoints:
        assert endpoint["PrivateDnsEnabled"] is True, "the SDK would look for the service on the internet"
        assert all("PrivateSubnet" in subnet["Ref"] for subnet in endpoint["SubnetIds"])


def test_endpoints_are_reached_by_whoever_makes_a_rule_for_itself() -> None:
    """Whatever else has an address in the VPC, a broken database among it, has no business with AWS's APIs."""
    (group,) = network(nat=Nat.NONE, endpoints=("sqs",)).find_resources("AWS::EC2::SecurityGroup").values()
    assert "SecurityGroupIngress" not in group["Properties"]


def policies(template: assertions.Template) -> dict[str, Any]:
    """The conditions under which interface endpoints let something through, by the end of their service's name."""
    found = {}
    for endpoint in template.find_resources("AWS::EC2::VPCEndpoint").values():
        it = endpoint["Properties"]
        if it["VpcEndpointType"] == "Interface":
            name = str(it["ServiceName"]).rpartition("}, '.")[2].removesuffix("']]}")
            document = it.get("PolicyDocument", {"Statement": [{}]})
            (statement,) = document["Statement"]
            found[name] = statement.get("Condition", {}).get("StringEquals")
    return found


def test_endpoints_serve_callers_of_the_account_only() -> None:
    """Else they carry data out to whoever's account a stolen key is of."""
    account = {"Ref": "AWS::AccountId"}
    found = policies(network(endpoints=("sqs", "secretsmanager", "ecr.api", "sns", "email")))
    assert found == {
        "sqs": {"aws:PrincipalAccount": account, "aws:ResourceAccount": account},
        "secretsmanager": {"aws:PrincipalAccount": account, "aws:ResourceAccount": account},
        "ecr.api": {"aws:PrincipalAccount": account},
        "sns": {"aws:PrincipalAccount": account},
        # Takes no policy.
        "email": None,
    }


def test_beside_endpoints_s3_is_the_account_s_own_and_what_nothing_starts_without() -> None:
    """Code that cannot leave the VPC would otherwise write to any bucket of any account."""
    template = network(nat=Nat.NONE, endpoints=("sqs",))
    (document,) = (
        each["Properties"]["PolicyDocument"]
        for each in template.find_resources("AWS::EC2::VPCEndpoint").values()
        if each["Properties"]["VpcEndpointType"] == "Gateway"
    )
    own, *others = document["Statement"]
    account = {"Ref": "AWS::AccountId"}
    assert own["Condition"] == {"StringEquals": {"aws:PrincipalAccount": account, "aws:ResourceAccount": account}}
    region = {"Ref": "AWS::Region"}
    bare = {"Fn::Join": ["", {"Fn::Split": ["-", region]}]}
    reading, writing = (each["Resource"] for each in others)
    assert [each["Action"] for each in others] == ["s3:GetObject", "s3:PutObject"]
    assert [each["Fn::Join"][1][2:] for each in (*reading, writing)] == [
        [":s3:::al2023-repos-", region, "-de612dc2/*"],
        [":s3:::prod-", region, "-starport-layer-bucket/*"],
        [":s3:::cloudformation-custom-resource-response-", bare, "/*"],
    ]
    # By NAT there is S3 of every other region: a policy would keep nothing in.
    (endpoint,) = network(nat=Nat.GATEWAY).find_resources("AWS::EC2::VPCEndpoint").values()
    assert "PolicyDocument" not in endpoint["Properties"]


def test_isolated_subnets_have_no_way_out() -> None:
    """Data that can reach the internet can leave by it."""
    template = network()
    isolated = tables(template, "Isolated")
    assert len(isolated) == 2
    assert not isolated & routed_tables(template)


@pytest.mark.parametrize("nat", list(Nat))
def test_s3_is_reached_without_nat(nat: Nat) -> None:
    """Through NAT every image layer and asset is paid for by the GB; without NAT no image is pulled at all."""
    template = network(nat=nat)
    (endpoint,) = template.find_resources("AWS::EC2::VPCEndpoint").values()
    assert endpoint["Properties"]["VpcEndpointType"] == "Gateway"
    led = {table["Ref"] for table in endpoint["Properties"]["RouteTableIds"]}
    assert led == tables(template, "Public") | tables(template, "Private")


def test_names_are_resolved() -> None:
    """Without DNS support no endpoint of a database or of AWS is found by its name."""
    network().has_resource_properties("AWS::EC2::VPC", {"EnableDnsSupport": True, "EnableDnsHostnames": True})


def test_default_security_group_is_closed() -> None:
    """Whatever is started without a group of its own would otherwise talk to all others like it."""
    network().resource_count_is("Custom::VpcRestrictDefaultSG", 1)


def test_nat_instance_serves_the_vpc_only() -> None:
    """Open to the world, it would forward anyone's traffic."""
    template = network(nat=Nat.INSTANCE)
    (group,) = template.find_resources("AWS::EC2::SecurityGroup").values()
    rules = group["Properties"]["SecurityGroupIngress"]
    assert [(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in rules] == [
        ("tcp", 443, 443),
        ("tcp", 1024, 65535),
    ]
    for rule in rules:
        assert "CidrBlock" in str(rule["CidrIp"]["Fn::GetAtt"])
    out = group["Properties"]["SecurityGroupEgress"]
    assert [(rule["FromPort"], rule["ToPort"]) for rule in out] == [(443, 443), (1024, 65535)]


def test_nat_instance_keeps_its_credentials_and_its_disk_to_itself() -> None:
    """Requests to its metadata are what a server that forwards is first asked for."""
    (instance,) = network(nat=Nat.INSTANCE).find_resources("AWS::EC2::Instance").values()
    options = instance["Properties"]["MetadataOptions"]
    assert options == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
    (disk,) = instance["Properties"]["BlockDeviceMappings"]
    assert disk["Ebs"]["Encrypted"] is True


@pytest.mark.parametrize("lifecycle", [Lifecycle.DESTROY, Lifecycle.RETAIN])
def test_connections_are_recorded_where_it_is_asked_for(lifecycle: Lifecycle) -> None:
    template = network(flow_logs=FlowLogsConfig(destination="s3"), lifecycle=lifecycle)
    (record,) = template.find_resources("AWS::EC2::FlowLog").values()
    assert "Vpc" in str(record["Properties"]["ResourceId"])
    (bucket,) = template.find_resources("AWS::S3::Bucket").values()
    assert bucket["DeletionPolicy"] == ("Delete" if lifecycle is Lifecycle.DESTROY else "Retain")
    network().resource_count_is("AWS::EC2::FlowLog", 0)


def test_data_is_kept_in_the_innermost_tier() -> None:
    """In a network of two tiers there is no isolated one to select, and synthesis would fail."""
    chosen = {}

    def build(stack: cdk.Stack) -> None:
        for tiers in (2, 3):
            it = COMPUTED.model_copy(update={"tiers": tiers})
            vpc = Network(stack, f"Network{tiers}", config=it, log_retention=ONE_MONTH).vpc
            chosen[tiers] = data_subnets(vpc).subnet_type

    template_of(build)
    assert chosen == {2: PRIVATE.subnet_type, 3: ISOLATED.subnet_type}
