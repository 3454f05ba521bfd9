"""Where things stand in the network, and who reaches whom, as the tests of the systems read it from templates."""

import re
from collections.abc import Iterable
from typing import Any

from tests.support.synth import Assembly

ANYONE = "0.0.0.0/0"
_HASH = re.compile(r"[0-9A-F]{8}$")
_EXITS = {"GatewayId": "internet gateway", "NatGatewayId": "NAT gateway", "InstanceId": "NAT instance"}


def origin(assembly: Assembly, stack: str, reference: Any) -> str:
    """The resource that a reference leads to, as "stack/logical id", the id without its hash.

    Raises:
        LookupError: it is no reference to a resource.
    """
    match reference:
        case {"Ref": name} | {"Fn::GetAtt": [name, *_]}:
            return f"{stack}/{_HASH.sub('', name)}"
        case {"Fn::GetStackOutput": {"StackName": stack_name, "OutputName": output}}:
            (other,) = (
                name
                for name, artifact in assembly.manifest["artifacts"].items()
                if artifact.get("properties", {}).get("stackName") == stack_name
            )
            return origin(assembly, other, assembly.templates[other]["Outputs"][output]["Value"])
    raise LookupError(reference)


def tiers(assembly: Assembly, stack: str, references: Iterable[Any]) -> set[str]:
    """The tiers that references to subnets lead to."""
    found = set()
    for reference in references:
        named = re.search(r"Vpc(\w+)Subnet\d+Subnet$", origin(assembly, stack, reference))
        assert named, reference
        found.add(named[1])
    return found


def ways(assembly: Assembly) -> set[tuple[str, str, int]]:
    """Who may open a connection to whom at which port: the security groups of both by their places."""
    found = set()
    for place, rule in assembly.resources("AWS::EC2::SecurityGroupIngress").items():
        stack, properties = place.partition("/")[0], rule["Properties"]
        assert properties["FromPort"] == properties["ToPort"], place
        source = origin(assembly, stack, properties["SourceSecurityGroupId"])
        found.add((source, origin(assembly, stack, properties["GroupId"]), properties["FromPort"]))
    for place, group in assembly.resources("AWS::EC2::SecurityGroup").items():
        for rule in group["Properties"].get("SecurityGroupIngress", []):
            # A NAT instance takes what the VPC sends into the world, at whichever port.
            if "FromPort" in rule:
                found.add((str(rule["CidrIp"]), _HASH.sub("", place), rule["FromPort"]))
    return found


def exits(assembly: Assembly) -> dict[str, list[str | None]]:
    """By which kind of resource each subnet of a tier reaches the internet; None where no route leads there."""
    resources = assembly.templates["Network"]["Resources"]
    out = {
        route["Properties"]["RouteTableId"]["Ref"]: kind
        for route in assembly.resources("AWS::EC2::Route", "Network").values()
        for key, kind in _EXITS.items()
        if key in route["Properties"] and route["Properties"]["DestinationCidrBlock"] == ANYONE
    }
    found: dict[str, list[str | None]] = {}
    for resource in resources.values():
        if resource["Type"] == "AWS::EC2::SubnetRouteTableAssociation":
            (tier,) = tiers(assembly, "Network", [resource["Properties"]["SubnetId"]])
            found.setdefault(tier, []).append(out.get(resource["Properties"]["RouteTableId"]["Ref"]))
    return found


def statements_of(assembly: Assembly, stack: str, role: str) -> dict[str, list[str]]:
    """What a role is allowed by policies of its own: the resources of each action, by their places or as text.

    `role` is its logical id without hash.
    """
    found: dict[str, list[str]] = {}
    for policy in assembly.resources("AWS::IAM::Policy", stack).values():
        if role not in {_HASH.sub("", each["Ref"]) for each in policy["Properties"]["Roles"]}:
            continue
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            allowed = as_list(statement.get("Resource", f"not {statement.get('NotResource')}"))
            for action in as_list(statement["Action"]):
                found.setdefault(action, []).extend(
                    each if isinstance(each, str) else origin(assembly, stack, each) for each in allowed
                )
    return {action: sorted(places) for action, places in found.items()}


def as_list(value: Any) -> list[Any]:
    """The elements of what a policy writes as a list, or by itself where there is one only."""
    return value if isinstance(value, list) else [value]
