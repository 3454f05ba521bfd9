"""Behind the one port of the gateway a load balancer behaves as with ports of its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from tests.local.emulator.cloud import Cloud
from tests.support.eventually import eventually
from tests.support.postgres import free_port

STACK = "balancers"


def listener(balancer: str, protocol: str, port: int, action: dict[str, Any]) -> dict[str, Any]:
    properties = {"LoadBalancerArn": {"Ref": balancer}, "Protocol": protocol, "Port": port, "DefaultActions": [action]}
    return {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": properties}


def fixed(text: str, status: str = "200") -> dict[str, Any]:
    return {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": status, "MessageBody": text}}


def path(*values: str) -> dict[str, Any]:
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": values}}


HOST = {"Field": "host-header", "HostHeaderConfig": {"Values": ["admin.example.com"]}}
MOVED = {"StatusCode": "HTTP_302"}


def rule(priority: int, condition: dict[str, Any], action: dict[str, Any]) -> dict[str, Any]:
    properties = {
        "ListenerArn": {"Ref": "Rules"},
        "Priority": priority,
        "Conditions": [condition],
        "Actions": [action],
    }
    return {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": properties}


class Target(BaseHTTPRequestHandler):
    """Answers its own port, and a failure where it is asked for one."""

    def do_GET(self) -> None:
        body = str(self.connection.getsockname()[1]).encode()
        self.send_response(500 if self.path.endswith("/fail") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def target() -> Iterator[int]:
    """A server behind a load balancer; its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Target)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def arn_of_group(cloud: Cloud, name: str) -> str:
    found: str = cloud.client("elbv2").describe_target_groups(Names=[name])["TargetGroups"][0]["TargetGroupArn"]
    return found


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
        "Counted": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Name": "counted"}},
        "Those": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {**group, "Name": "counted"}},
        "Count": listener("Counted", "HTTP", 80, {"Type": "forward", "TargetGroupArn": {"Ref": "Those"}}),
        "Ruled": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Name": "ruled"}},
        "Users": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {**group, "Name": "users"}},
        "Orders": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {**group, "Name": "orders"}},
        "Rules": listener("Ruled", "HTTP", 80, fixed("nothing here", "404")),
        "ToUsers": rule(10, path("/users*", "/sessions*"), {"Type": "forward", "TargetGroupArn": {"Ref": "Users"}}),
        "ToOrders": rule(20, path("/orders*"), {"Type": "forward", "TargetGroupArn": {"Ref": "Orders"}}),
        "OfHost": rule(5, HOST, fixed("the other house")),
        "Moved": rule(30, path("/old"), {"Type": "redirect", "RedirectConfig": {"Path": "/users", **MOVED}}),
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


def test_targets_at_one_address_are_told_apart_by_their_port(cloud: Cloud) -> None:
    client, arn = cloud.client("elbv2"), arn_of_group(cloud, "users")

    def ports() -> list[int]:
        health = client.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return sorted(each["Target"]["Port"] for each in health)

    targets = [{"Id": "127.0.0.1", "Port": port} for port in (7001, 7002)]
    for _ in range(2):
        # Registering one that is registered already changes nothing.
        client.register_targets(TargetGroupArn=arn, Targets=targets)
    assert ports() == [7001, 7002]
    client.deregister_targets(TargetGroupArn=arn, Targets=targets[:1])
    assert ports() == [7002]
    client.deregister_targets(TargetGroupArn=arn, Targets=targets[1:])
    assert ports() == []


def test_rules_choose_among_target_groups_by_path_and_host(cloud: Cloud) -> None:
    client = cloud.client("elbv2")
    with target() as users, target() as orders:
        groups = {"users": users, "orders": orders}
        for name, port in groups.items():
            client.register_targets(
                TargetGroupArn=arn_of_group(cloud, name), Targets=[{"Id": "127.0.0.1", "Port": port}]
            )
        for asked, port in (("users", users), ("users/7", users), ("sessions", users), ("orders/1", orders)):
            assert cloud.get(f"/_alb/ruled/{asked}").text == str(port)
        for name, port in groups.items():
            client.deregister_targets(
                TargetGroupArn=arn_of_group(cloud, name), Targets=[{"Id": "127.0.0.1", "Port": port}]
            )
    answer = cloud.get("/_alb/ruled/elsewhere")
    assert (answer.status_code, answer.text) == (404, "nothing here")
    moved = cloud.get("/_alb/ruled/old")
    assert (moved.status_code, moved.headers["location"].endswith("/users")) == (302, True)


def test_a_rule_by_host_comes_before_those_by_path_if_its_priority_says_so(cloud: Cloud) -> None:
    url = f"{cloud.url}/_alb/ruled/users"
    answer = httpx.get(url, headers={"Host": "admin.example.com"}, verify=cloud.context, timeout=10)
    assert answer.text == "the other house"


def dimension(cloud: Cloud, name: str) -> str:
    """`app/<name>/<id>`: how metrics name a load balancer."""
    arn: str = cloud.client("elbv2").describe_load_balancers(Names=[name])["LoadBalancers"][0]["LoadBalancerArn"]
    return arn.split(":loadbalancer/")[1]


def totals(cloud: Cloud, name: str, **more: str) -> dict[str, float]:
    """What CloudWatch has counted for a load balancer in the last minutes, without metrics that are 0."""
    values = {"LoadBalancer": dimension(cloud, name), **more}
    dimensions = [{"Name": key, "Value": value} for key, value in values.items()]
    names = {
        "RequestCount": "Sum",
        "HTTPCode_ELB_4XX_Count": "Sum",
        "HTTPCode_ELB_5XX_Count": "Sum",
        "HTTPCode_Target_2XX_Count": "Sum",
        "HTTPCode_Target_5XX_Count": "Sum",
        "TargetResponseTime": "SampleCount",
    }
    queries = [
        {
            "Id": f"m{number}",
            "Label": metric,
            "MetricStat": {
                "Metric": {"Namespace": "AWS/ApplicationELB", "MetricName": metric, "Dimensions": dimensions},
                "Period": 60,
                "Stat": statistic,
            },
        }
        for number, (metric, statistic) in enumerate(names.items())
    ]
    now = datetime.now(UTC)
    found = cloud.client("cloudwatch").get_metric_data(
        MetricDataQueries=queries, StartTime=now - timedelta(minutes=10), EndTime=now + timedelta(minutes=1)
    )["MetricDataResults"]
    return {each["Label"]: sum(each["Values"]) for each in found if each["Values"]}


def watch_errors(cloud: Cloud, alarm: str, balancer: str) -> None:
    """An alarm on any failure of a load balancer's targets."""
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=alarm,
        Namespace="AWS/ApplicationELB",
        MetricName="HTTPCode_Target_5XX_Count",
        Dimensions=[{"Name": "LoadBalancer", "Value": dimension(cloud, balancer)}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=5,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )


def state(cloud: Cloud, alarm: str) -> str:
    found: str = cloud.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"][0]["StateValue"]
    return found


def test_cloudwatch_tells_what_a_load_balancer_and_its_targets_answered(cloud: Cloud) -> None:
    client, arn = cloud.client("elbv2"), arn_of_group(cloud, "counted")
    watch_errors(cloud, "errors-here", "counted")
    watch_errors(cloud, "errors-elsewhere", "plain")
    with target() as port:
        client.register_targets(TargetGroupArn=arn, Targets=[{"Id": "127.0.0.1", "Port": port}])
        for _ in range(4):
            assert cloud.get("/_alb/counted/").status_code == 200
        assert cloud.get("/_alb/counted/fail").status_code == 500
    assert cloud.get("/_alb/counted/").status_code == 502
    wanted = {
        "RequestCount": 6,
        "HTTPCode_ELB_5XX_Count": 1,
        "HTTPCode_Target_2XX_Count": 4,
        "HTTPCode_Target_5XX_Count": 1,
        "TargetResponseTime": 5,
    }

    assert eventually(lambda: totals(cloud, "counted") == wanted)
    of_the_group = totals(cloud, "counted", TargetGroup=arn.rsplit(":", 1)[1])
    assert of_the_group == wanted
    eventually(lambda: state(cloud, "errors-here") == "ALARM")
    assert state(cloud, "errors-elsewhere") == "INSUFFICIENT_DATA"
