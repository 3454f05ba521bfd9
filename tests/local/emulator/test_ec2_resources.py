"""The added EC2 types are real resources of the emulator's EC2: described, changed in place or replaced, and gone."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.emulator.cloud import Cloud

STACK = "ec2-types"
NETWORK: dict[str, Any] = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
    "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/24"}},
    "Group": {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {
            "GroupDescription": "one",
            "VpcId": {"Ref": "Vpc"},
            # As CDK closes a group: a rule that matches nothing, in place of the default that allows everything.
            "SecurityGroupEgress": [
                {"IpProtocol": "icmp", "FromPort": 252, "ToPort": 86, "CidrIp": "255.255.255.255/32"}
            ],
        },
    },
}
OUTPUTS = {"Group": {"Ref": "Group"}, "Vpc": {"Ref": "Vpc"}, "Subnet": {"Ref": "Subnet"}}


@pytest.fixture(autouse=True)
def _delete_afterwards(cloud: Cloud) -> Iterator[None]:
    yield
    cloud.delete(STACK)


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def rules(cloud: Cloud, group: str, direction: str) -> list[dict[str, Any]]:
    found = cloud.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    return [rule for rule in found[direction] if rule["IpProtocol"] == "tcp"]


def test_an_address_is_allocated_tagged_and_released(cloud: Cloud) -> None:
    address = resource("AWS::EC2::EIP", Domain="vpc", Tags=[{"Key": "name", "Value": "first"}])
    outputs = {"Address": {"Ref": "Eip"}, "Allocation": {"Fn::GetAtt": ["Eip", "AllocationId"]}}
    deployed = cloud.deploy(STACK, {"Eip": address}, outputs)
    found = cloud.client("ec2").describe_addresses(AllocationIds=[deployed["Allocation"]])["Addresses"]
    assert [(each["PublicIp"], each["Tags"]) for each in found] == [
        (deployed["Address"], [{"Key": "name", "Value": "first"}])
    ]

    changed = resource("AWS::EC2::EIP", Domain="vpc", Tags=[{"Key": "name", "Value": "second"}])
    assert cloud.deploy(STACK, {"Eip": changed}, outputs) == deployed
    found = cloud.client("ec2").describe_addresses(AllocationIds=[deployed["Allocation"]])["Addresses"]
    assert found[0]["Tags"] == [{"Key": "name", "Value": "second"}]

    cloud.delete(STACK)
    left = cloud.client("ec2").describe_addresses()["Addresses"]
    assert deployed["Address"] not in [each["PublicIp"] for each in left]


def test_a_nat_gateway_is_replaced_when_it_moves_to_another_address(cloud: Cloud) -> None:
    def gateway(address: str) -> dict[str, Any]:
        allocation = {"Fn::GetAtt": [address, "AllocationId"]}
        return {
            **NETWORK,
            "One": resource("AWS::EC2::EIP", Domain="vpc"),
            "Two": resource("AWS::EC2::EIP", Domain="vpc"),
            "Nat": resource("AWS::EC2::NatGateway", SubnetId={"Ref": "Subnet"}, AllocationId=allocation),
        }

    def state(gateway_id: str) -> str:
        found: str = cloud.client("ec2").describe_nat_gateways(NatGatewayIds=[gateway_id])["NatGateways"][0]["State"]
        return found

    outputs = {**OUTPUTS, "Nat": {"Ref": "Nat"}}
    first = cloud.deploy(STACK, gateway("One"), outputs)["Nat"]
    second = cloud.deploy(STACK, gateway("Two"), outputs)["Nat"]
    assert first != second
    assert (state(first), state(second)) == ("deleted", "available")
    cloud.delete(STACK)
    assert state(second) == "deleted"


@pytest.mark.parametrize(
    ("kind", "peer", "direction"),
    [
        ("AWS::EC2::SecurityGroupIngress", "CidrIp", "IpPermissions"),
        ("AWS::EC2::SecurityGroupEgress", "CidrIp", "IpPermissionsEgress"),
    ],
)
def test_a_rule_of_its_own_shows_in_its_group(cloud: Cloud, kind: str, peer: str, direction: str) -> None:
    def rule(port: int, description: str) -> dict[str, Any]:
        properties = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, peer: "10.1.0.0/16"}
        return {
            **NETWORK,
            "Rule": resource(kind, GroupId={"Ref": "Group"}, Description=description, **properties),
        }

    group = cloud.deploy(STACK, rule(5432, "a"), OUTPUTS)["Group"]
    assert [each["FromPort"] for each in rules(cloud, group, direction)] == [5432]
    cloud.deploy(STACK, rule(5432, "b"), OUTPUTS)
    assert [each["IpRanges"][0]["Description"] for each in rules(cloud, group, direction)] == ["b"]
    cloud.deploy(STACK, rule(6432, "b"), OUTPUTS)
    assert [each["FromPort"] for each in rules(cloud, group, direction)] == [6432]
    cloud.deploy(STACK, NETWORK, OUTPUTS)
    assert rules(cloud, group, direction) == []


def test_a_regional_nat_gateway_stands_in_a_vpc_and_in_no_subnet(cloud: Cloud) -> None:
    regional = {"AvailabilityMode": "regional", "ConnectivityType": "public", "VpcId": {"Ref": "Vpc"}}
    template = {**NETWORK, "Nat": resource("AWS::EC2::NatGateway", **regional)}
    outputs = cloud.deploy(STACK, template, {**OUTPUTS, "Nat": {"Fn::GetAtt": ["Nat", "NatGatewayId"]}})
    (found,) = cloud.client("ec2").describe_nat_gateways(NatGatewayIds=[outputs["Nat"]])["NatGateways"]
    assert (found["VpcId"], found.get("SubnetId", ""), found["State"]) == (outputs["Vpc"], "", "available")


def test_a_flow_log_is_described_and_deleted(cloud: Cloud) -> None:
    def flow_log(traffic: str, tag: str) -> dict[str, Any]:
        target = {"ResourceId": {"Ref": "Vpc"}, "ResourceType": "VPC", "Tags": [{"Key": "kept", "Value": tag}]}
        flow = resource("AWS::EC2::FlowLog", TrafficType=traffic, LogGroupName="flow", **target)
        return {**NETWORK, "Flow": flow}

    def described() -> list[tuple[str, str]]:
        found = cloud.client("ec2").describe_flow_logs()["FlowLogs"]
        return [(each["ResourceId"], each["TrafficType"]) for each in found]

    def tags() -> list[str]:
        found = cloud.client("ec2").describe_tags(Filters=[{"Name": "key", "Values": ["kept"]}])["Tags"]
        return [each["Value"] for each in found if each["ResourceId"].startswith("fl-")]

    vpc = cloud.deploy(STACK, flow_log("ALL", "a year"), OUTPUTS)["Vpc"]
    assert (described(), tags()) == ([(vpc, "ALL")], ["a year"])
    cloud.deploy(STACK, flow_log("ALL", "a month"), OUTPUTS)
    assert tags() == ["a month"]
    cloud.deploy(STACK, flow_log("REJECT", "a month"), OUTPUTS)
    assert (described(), tags()) == ([(vpc, "REJECT")], ["a month"])
    cloud.delete(STACK)
    assert described() == []


def test_an_instance_changes_its_type_in_place(cloud: Cloud) -> None:
    def instance(kind: str) -> dict[str, Any]:
        properties = {"ImageId": "ami-1", "InstanceType": kind, "SubnetId": {"Ref": "Subnet"}}
        groups = [{"Ref": "Group"}]
        return {**NETWORK, "Nat": resource("AWS::EC2::Instance", SecurityGroupIds=groups, **properties)}

    def described(identifier: str) -> dict[str, Any]:
        found = cloud.client("ec2").describe_instances(InstanceIds=[identifier])["Reservations"][0]["Instances"][0]
        return {"type": found["InstanceType"], "subnet": found["SubnetId"], "state": found["State"]["Name"]}

    outputs = {**OUTPUTS, "Instance": {"Ref": "Nat"}}
    first = cloud.deploy(STACK, instance("t4g.nano"), outputs)
    assert described(first["Instance"]) == {"type": "t4g.nano", "subnet": first["Subnet"], "state": "running"}
    assert cloud.deploy(STACK, instance("t4g.micro"), outputs) == first
    assert described(first["Instance"])["type"] == "t4g.micro"
    cloud.delete(STACK)
    assert described(first["Instance"])["state"] == "terminated"
