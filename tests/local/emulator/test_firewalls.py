"""A web ACL in front of a load balancer: its limits hold, and what does not is listed."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local.emulator.firewalls import RateLimits
from tests.local.emulator.cloud import Cloud

STACK = "guarded"
BALANCER = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/one/1"


def limit(requests: int, seconds: int = 300, **action: Any) -> dict[str, Any]:
    statement = {"AggregateKeyType": "IP", "Limit": requests, "EvaluationWindowSec": seconds}
    return {
        "Name": "Limit",
        "Priority": 0,
        "Action": action or {"Block": {"CustomResponse": {"ResponseCode": 429}}},
        "Statement": {"RateBasedStatement": statement},
        "VisibilityConfig": {},
    }


def test_each_address_has_its_own_limit_and_gets_it_back_in_time() -> None:
    now = 0.0
    limits = RateLimits(lambda: now)
    asked = [limits.refusal(BALANCER, "198.51.100.1", [limit(3, 60)]) for _ in range(5)]
    assert asked == [None, None, None, 429, 429]
    assert limits.refusal(BALANCER, "198.51.100.2", [limit(3, 60)]) is None
    assert limits.refusal(f"{BALANCER}2", "198.51.100.1", [limit(3, 60)]) is None
    now = 61
    assert limits.refusal(BALANCER, "198.51.100.1", [limit(3, 60)]) is None


def test_a_rule_that_counts_refuses_nobody() -> None:
    limits = RateLimits()
    assert {limits.refusal(BALANCER, "198.51.100.1", [limit(1, Count={})]) for _ in range(5)} == {None}
    assert [limits.refusal(BALANCER, "a", [limit(1, Block={})]) for _ in range(2)] == [None, 403]


def template(requests: int) -> dict[str, Any]:
    response = {"StatusCode": "200", "MessageBody": "open"}
    subnets = [{"Ref": "One"}, {"Ref": "Two"}]
    acl = {"Scope": "REGIONAL", "DefaultAction": {"Allow": {}}, "VisibilityConfig": {}, "Rules": [limit(requests)]}
    ends = {"WebACLArn": {"Fn::GetAtt": ["Acl", "Arn"]}, "ResourceArn": {"Ref": "Balancer"}}
    logged = {"ResourceArn": {"Fn::GetAtt": ["Acl", "Arn"]}, "LogDestinationConfigs": ["arn:aws:logs:group"]}
    flows = {
        "ResourceType": "VPC",
        "ResourceId": {"Ref": "Vpc"},
        "TrafficType": "REJECT",
        "LogDestinationType": "s3",
        "LogDestination": "arn:aws:s3:::flows",
    }
    header = "routing.http.response.strict_transport_security.header_value"
    listener = {
        "LoadBalancerArn": {"Ref": "Balancer"},
        "Port": 443,
        "Protocol": "HTTPS",
        "DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": response}],
        "ListenerAttributes": [
            {"Key": header, "Value": "max-age=60"},
            {"Key": "routing.http.response.server.enabled", "Value": "false"},
        ],
    }
    return {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.8.0.0/16"}},
        "One": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.8.0.0/24"}},
        "Two": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.8.1.0/24"}},
        "Balancer": {
            "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "Properties": {"Name": "guarded", "Subnets": subnets},
        },
        "Listener": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": listener},
        "Acl": {"Type": "AWS::WAFv2::WebACL", "Properties": acl},
        "Association": {"Type": "AWS::WAFv2::WebACLAssociation", "Properties": ends},
        "Logging": {"Type": "AWS::WAFv2::LoggingConfiguration", "Properties": logged},
        "Flows": {"Type": "AWS::EC2::FlowLog", "Properties": flows},
    }


@pytest.fixture(scope="module")
def outputs(cloud: Cloud) -> Iterator[dict[str, str]]:
    yield cloud.deploy(STACK, template(5), {"Vpc": {"Ref": "Vpc"}, "Flows": {"Fn::GetAtt": ["Flows", "Id"]}})
    cloud.delete(STACK)


def recorded(cloud: Cloud) -> set[tuple[str, str]]:
    entries = json.loads((cloud.data / "recorded-only.json").read_text())
    return {(entry["type"], entry["logical_id"]) for entry in entries if entry["stack"] == STACK}


def test_one_request_too_many_is_refused_before_it_reaches_anything(cloud: Cloud, outputs: dict[str, str]) -> None:
    assert outputs
    with httpx.Client(base_url=f"{cloud.url}/_alb/guarded/", verify=cloud.context, timeout=60) as client:
        answers = [client.get("") for _ in range(7)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 200, 429, 429]
    assert (answers[0].text, answers[-1].text) == ("open", "")
    assert answers[0].headers["strict-transport-security"] == "max-age=60"
    assert "awselb" not in answers[0].headers.get("server", "")


def test_what_has_no_effect_is_listed(cloud: Cloud, outputs: dict[str, str]) -> None:
    assert recorded(cloud) == {
        ("AWS::WAFv2::WebACL: rules of managed groups", "Association"),
        ("AWS::WAFv2::LoggingConfiguration", "Logging"),
        ("AWS::EC2::FlowLog", "Flows"),
    }
    (found,) = cloud.client("ec2").describe_flow_logs(FlowLogIds=[outputs["Flows"]])["FlowLogs"]
    assert (found["ResourceId"], found["TrafficType"]) == (outputs["Vpc"], "REJECT")


def test_without_the_association_nothing_is_refused(cloud: Cloud, outputs: dict[str, str]) -> None:
    without = {name: made for name, made in template(5).items() if name not in ("Association", "Flows")}
    cloud.deploy(STACK, without)
    with httpx.Client(base_url=f"{cloud.url}/_alb/guarded/", verify=cloud.context, timeout=60) as client:
        assert {client.get("").status_code for _ in range(7)} == {200}
    assert recorded(cloud) == {("AWS::WAFv2::LoggingConfiguration", "Logging")}
    assert cloud.client("ec2").describe_flow_logs(FlowLogIds=[outputs["Flows"]])["FlowLogs"] == []
