"""What refers to a replaced resource is replaced in turn, through stacks, until nothing changes any more."""

from typing import Any

import pytest

from assembly.changes.classify import compare
from assembly.changes.model import Change, Kind
from tests.assembly.changes.given import (
    FUNCTION,
    INSTANCE,
    QUEUE,
    SUBNET,
    VPC,
    attribute,
    between,
    by_id,
    output,
    resource,
    template,
    templates,
)


def network(cidr: str) -> dict[str, dict[str, Any]]:
    return {
        "Vpc": resource(VPC, {"CidrBlock": cidr}),
        "Subnet": resource(SUBNET, {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/24"}),
        "Group": resource("AWS::EC2::SecurityGroup", {"VpcId": {"Ref": "Vpc"}, "GroupDescription": "x"}),
        "Function": resource(FUNCTION, {"VpcConfig": {"SubnetIds": [{"Ref": "Subnet"}]}}),
        "Queue": resource(QUEUE, {"QueueName": "q"}),
    }


def test_within_a_stack() -> None:
    found = between(network("10.0.0.0/16"), network("10.1.0.0/16"))
    assert {name: change.kind for name, change in found.items()} == {
        "Vpc": Kind.REPLACES,
        "Subnet": Kind.REPLACES,
        "Group": Kind.REPLACES,
        "Function": Kind.IN_PLACE,
        "Queue": Kind.UNCHANGED,
    }
    assert found["Subnet"].reasons == ("refers to data/Vpc, which is replaced",)


def chain(cidr: str) -> dict[str, Change]:
    """A VPC, a subnet in a second stack, a group of subnets in a third, and a database on that in a fourth."""

    def state(its_cidr: str) -> Any:
        group = {"DBSubnetGroupName": output("subnets", "Name"), "DBSubnetGroupDescription": "x"}
        return templates(
            database=template(Db=resource(INSTANCE, {"DBSubnetGroupName": output("groups", "Group")})),
            groups=template({"Group": {"Ref": "Group"}}, Group=resource("AWS::RDS::DBSubnetGroup", group)),
            subnets=template(
                {"Name": attribute("Subnet", "SubnetId")}, Subnet=resource(SUBNET, {"VpcId": output("network", "Vpc")})
            ),
            network=template({"Vpc": {"Ref": "Vpc"}}, Vpc=resource(VPC, {"CidrBlock": its_cidr})),
        )

    return by_id(compare(state("10.0.0.0/16"), state(cidr)))


def test_through_stacks_to_a_fixed_point() -> None:
    found = chain("10.1.0.0/16")
    assert {change.kind for change in found.values()} == {Kind.REPLACES}
    assert found["Db"].dangerous
    assert found["Db"].reasons == ("refers to groups/Group, which is replaced",)


def test_nothing_spreads_where_nothing_is_replaced() -> None:
    assert {change.kind for change in chain("10.0.0.0/16").values()} == {Kind.UNCHANGED}


def test_a_doubt_is_handed_on_as_a_doubt() -> None:
    def state(size: int) -> dict[str, dict[str, Any]]:
        return {
            "Thing": resource("Acme::Cloud::Thing", {"Size": size}),
            "Subnet": resource(SUBNET, {"VpcId": {"Ref": "Thing"}}),
        }

    assert between(state(1), state(2))["Subnet"].kind is Kind.MAY_REPLACE


def test_what_may_be_set_later_only_under_conditions_may_be_replaced() -> None:
    def state(cidr: str) -> dict[str, dict[str, Any]]:
        return {
            "Vpc": resource(VPC, {"CidrBlock": cidr}),
            "Db": resource(INSTANCE, {"AvailabilityZone": attribute("Vpc", "Zone")}),
        }

    assert between(state("10.0.0.0/16"), state("10.1.0.0/16"))["Db"].kind is Kind.MAY_REPLACE


def test_what_refers_to_itself_in_a_circle_ends() -> None:
    def state(cidr: str) -> dict[str, dict[str, Any]]:
        return {
            "A": resource(SUBNET, {"VpcId": {"Ref": "B"}, "CidrBlock": cidr}),
            "B": resource(SUBNET, {"VpcId": {"Ref": "A"}}),
        }

    found = between(state("10.0.0.0/24"), state("10.0.1.0/24"))
    assert {change.kind for change in found.values()} == {Kind.REPLACES}


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        # Another spelling of the same reference.
        ({"Ref": "Vpc"}, {"Fn::Sub": "${Vpc}"}, Kind.REPLACES),
        ({"Fn::GetAtt": ["Vpc", "VpcId"]}, {"Fn::GetAtt": "Vpc.VpcId"}, Kind.UNCHANGED),
        (output("network", "First"), output("network", "Second"), Kind.UNCHANGED),
        (output("network", "First"), output("network", "Other"), Kind.REPLACES),
        ({"Ref": "Old"}, {"Ref": "New"}, Kind.UNCHANGED),
        ({"Ref": "Old"}, {"Ref": "Changed"}, Kind.REPLACES),
        ({"Fn::FindInMap": ["Map", "a", "b"]}, {"Fn::FindInMap": ["Same", "a", "b"]}, Kind.REPLACES),
    ],
)
def test_values_are_compared_by_what_they_refer_to(old: Any, new: Any, kind: Kind) -> None:
    def state(value: Any) -> Any:
        content = template(Vpc=resource(VPC), Subnet=resource(SUBNET, {"VpcId": value}))
        content["Parameters"] = {
            "Old": {"Type": "String", "Default": "a"},
            "New": {"Type": "String", "Default": "a", "Description": "another name"},
            "Changed": {"Type": "String", "Default": "b"},
        }
        content["Mappings"] = {"Map": {"a": {"b": "x"}}, "Same": {"a": {"b": "x"}}}
        outputs = {"First": {"Ref": "Net"}, "Second": {"Ref": "Net"}, "Other": {"Ref": "Net2"}}
        return templates(data=content, network=template(outputs, Net=resource(VPC), Net2=resource(VPC)))

    assert by_id(compare(state(old), state(new)))["Subnet"].kind is kind


def test_a_changed_parameter_changes_what_uses_it() -> None:
    def state(default: str) -> Any:
        content = template(Subnet=resource(SUBNET, {"VpcId": {"Ref": "Given"}}))
        return templates(data=content | {"Parameters": {"Given": {"Type": "String", "Default": default}}})

    assert by_id(compare(state("a"), state("a")))["Subnet"].kind is Kind.UNCHANGED
    assert by_id(compare(state("a"), state("b")))["Subnet"].kind is Kind.REPLACES


def test_a_changed_mapping_changes_what_uses_it() -> None:
    def state(value: str) -> Any:
        content = template(Subnet=resource(SUBNET, {"VpcId": {"Fn::FindInMap": ["Map", "a", "b"]}}))
        return templates(data=content | {"Mappings": {"Map": {"a": {"b": value}}}})

    assert by_id(compare(state("x"), state("x")))["Subnet"].kind is Kind.UNCHANGED
    assert by_id(compare(state("x"), state("y")))["Subnet"].kind is Kind.REPLACES


def test_the_worst_of_several_references_counts() -> None:
    def state(cidr: str) -> dict[str, dict[str, Any]]:
        properties = {"AvailabilityZone": attribute("Vpc", "Zone"), "DBName": {"Ref": "Vpc"}}
        return {"Vpc": resource(VPC, {"CidrBlock": cidr}), "Db": resource(INSTANCE, properties)}

    assert between(state("10.0.0.0/16"), state("10.1.0.0/16"))["Db"].kind is Kind.REPLACES


@pytest.mark.parametrize(
    "text",
    [
        {"Fn::Join": ["", ["vpc/", {"Fn::Sub": ["${Id}-x", {"Id": {"Ref": "Vpc"}}]}]]},
        {"Fn::Sub": "vpc/${Vpc}"},
        {"Fn::Sub": "${AWS::Region}/${Vpc.VpcId}/${!Literal}"},
        {"Fn::If": ["Always", {"Ref": "Vpc"}, "none"]},
    ],
)
def test_a_value_in_a_text_is_followed(text: dict[str, Any]) -> None:
    def state(cidr: str) -> dict[str, dict[str, Any]]:
        return {"Vpc": resource(VPC, {"CidrBlock": cidr}), "It": resource(QUEUE, {"QueueName": text})}

    assert between(state("10.0.0.0/16"), state("10.1.0.0/16"))["It"].kind is Kind.REPLACES
