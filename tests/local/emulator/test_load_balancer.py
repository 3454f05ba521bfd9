"""Behind the one port of the gateway a load balancer behaves as with ports of its own."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.emulator.cloud import Cloud
from tests.support.postgres import free_port

STACK = "balancers"


def listener(balancer: str, protocol: str, port: int, action: dict[str, Any]) -> dict[str, Any]:
    properties = {"LoadBalancerArn": {"Ref": balancer}, "Protocol": protocol, "Port": port, "DefaultActions": [action]}
    return {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": properties}


def fixed(text: str) -> dict[str, Any]:
    return {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": text}}


@pytest.fixture(scope="module", autouse=True)
def _deployed(cloud: Cloud) -> Iterator[None]:
    to_https = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    redirect = {"Type": "redirect", "RedirectConfig": to_https}
    group = {"Protocol": "HTTP", "Port": 80, "TargetType": "ip", "VpcId": {"Ref": "Vpc"}}
    template = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "Both": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Name": "both"}},
        "Redirect": listener("Both", "HTTP", 80, redirect),
        "Secure": {**listener("Both", "HTTPS", 443, fixed("secure")), "DependsOn": "Redirect"},
        "Plain": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Name": "plain"}},
        "Group": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {**group, "Name": "plain"}},
        "Forward": listener("Plain", "HTTP", 80, {"Type": "forward", "TargetGroupArn": {"Ref": "Group"}}),
    }
    cloud.deploy(STACK, template)
    yield
    cloud.delete(STACK)


def test_a_request_under_tls_is_for_the_https_listener(cloud: Cloud) -> None:
    answer = cloud.get("/_alb/both/")
    assert (answer.status_code, answer.text) == (200, "secure")


def test_no_target_is_503_and_a_dead_one_502(cloud: Cloud) -> None:
    assert cloud.get("/_alb/plain/").status_code == 503
    client = cloud.client("elbv2")
    group = client.describe_target_groups(Names=["plain"])["TargetGroups"][0]["TargetGroupArn"]
    client.register_targets(TargetGroupArn=group, Targets=[{"Id": "127.0.0.1", "Port": free_port()}])
    assert cloud.get("/_alb/plain/").status_code == 502
