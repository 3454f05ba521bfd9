"""What code may reach, by its security group."""

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ec2 as ec2

from constructs_lib.network import HTTPS, UNPRIVILEGED, Inside, egress_security_group
from tests.support.given import template_of, vpc


def member(*, leaves: bool = False, ports: Sequence[ec2.Port] = (HTTPS,), **inside: Any) -> assertions.Template:
    """A group of code, and that of endpoints if `endpoints` is true."""

    def build(stack: cdk.Stack) -> None:
        network = vpc(stack)
        endpoints = ec2.SecurityGroup(stack, "Endpoints", vpc=network, allow_all_outbound=False)
        around = Inside(
            endpoints=endpoints if inside.get("endpoints") else None, s3_prefix_list_id=inside.get("s3_prefix_list_id")
        )
        egress_security_group(stack, vpc=network, description="Code", inside=around, ports=ports, leaves=leaves)

    return template_of(build)


def reached(template: assertions.Template) -> list[tuple[str, int, int]]:
    """Where code gets to, and on which ports."""
    (group,) = (
        group["Properties"]
        for group in template.find_resources("AWS::EC2::SecurityGroup").values()
        if group["Properties"]["GroupDescription"] == "Code"
    )
    alone = [each["Properties"] for each in template.find_resources("AWS::EC2::SecurityGroupEgress").values()]
    found = []
    for rule in [*group.get("SecurityGroupEgress", []), *alone]:
        kind = next(key for key in ("CidrIp", "DestinationPrefixListId", "DestinationSecurityGroupId") if key in rule)
        where = rule[kind] if isinstance(rule[kind], str) else "endpoints"
        found.append((where, rule["FromPort"], rule["ToPort"]))
    return sorted(found)


S3 = "pl-6ea54007"


def test_code_that_needs_not_leave_cannot() -> None:
    """What a broken-in program wants first is a way to send home what it found."""
    assert reached(member(endpoints=True, s3_prefix_list_id=S3)) == [("endpoints", 443, 443), (S3, 443, 443)]


@pytest.mark.parametrize(
    ("leaves", "inside"),
    [(True, {"endpoints": True, "s3_prefix_list_id": S3}), (False, {"endpoints": True}), (False, {})],
)
def test_code_that_has_to_leave_does_so_by_https(leaves: bool, inside: dict[str, Any]) -> None:
    """Without a list of S3's addresses, no image could be pulled and no file be read."""
    assert reached(member(leaves=leaves, **inside)) == [("0.0.0.0/0", 443, 443)]


def test_whoever_recipients_are_reached_on_are_no_ports_of_infrastructure() -> None:
    found = reached(member(leaves=True, ports=(HTTPS, UNPRIVILEGED)))
    assert found == [("0.0.0.0/0", 443, 443), ("0.0.0.0/0", 1024, 65535)]


def test_code_makes_the_rule_by_which_it_reaches_endpoints() -> None:
    template = member(endpoints=True)
    (rule,) = template.find_resources("AWS::EC2::SecurityGroupIngress").values()
    assert (rule["Properties"]["FromPort"], rule["Properties"]["ToPort"]) == (443, 443)
    assert "SourceSecurityGroupId" in rule["Properties"]
    assert not member().find_resources("AWS::EC2::SecurityGroupIngress")
