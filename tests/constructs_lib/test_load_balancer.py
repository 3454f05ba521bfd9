"""Decisions of the load balancer."""

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_elasticloadbalancingv2_targets as targets

from config.model import FixedResponse, Lifecycle, LoadBalancerConfig, Route
from constructs_lib.load_balancer import LoadBalancer
from tests.support.given import template_of, topic, vpc
from tests.support.synth import CERTIFICATE_ARN

DEFAULT = Route()
NOT_FOUND = FixedResponse(status=404, body="no such resource")


def balanced(
    *routes: Route,
    lifecycle: Lifecycle = Lifecycle.DESTROY,
    alarms: bool = True,
    graphs: list[Any] | None = None,
    **config: Any,
) -> assertions.Template:
    """A load balancer with a service for each route, on ports from 3001."""

    def build(stack: cdk.Stack) -> None:
        made = LoadBalancer(
            stack,
            "LoadBalancer",
            vpc=vpc(stack),
            config=LoadBalancerConfig(**config),
            lifecycle=lifecycle,
            alarm_topic=topic(stack) if alarms else None,
        )
        for number, route in enumerate(routes, start=1):
            made.add_service(
                f"Service{number}",
                name=f"service-{number}",
                service=targets.IpTarget(f"10.0.0.{number}"),
                port=3000 + number,
                route=route,
            )
        if graphs is not None:
            graphs.extend((graph.title, len(graph.metrics)) for graph in made.graphs)

    return template_of(build)


def found(template: assertions.Template, resource_type: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in template.find_resources(resource_type).values()]


def listeners(template: assertions.Template) -> dict[int, dict[str, Any]]:
    return {one["Port"]: one for one in found(template, "AWS::ElasticLoadBalancingV2::Listener")}


def rules(template: assertions.Template) -> list[tuple[int, Sequence[str], Sequence[str], str]]:
    """Priority, paths, hosts and target group of each rule, first rule first."""
    told = []
    for rule in found(template, "AWS::ElasticLoadBalancingV2::ListenerRule"):
        by_field = {condition["Field"]: condition for condition in rule["Conditions"]}
        told.append(
            (
                rule["Priority"],
                by_field.get("path-pattern", {}).get("PathPatternConfig", {}).get("Values", []),
                by_field.get("host-header", {}).get("HostHeaderConfig", {}).get("Values", []),
                rule["Actions"][0]["TargetGroupArn"]["Ref"],
            )
        )
    return sorted(told)


def test_without_certificate_http_is_served() -> None:
    template = balanced(DEFAULT)
    (listener,) = found(template, "AWS::ElasticLoadBalancingV2::Listener")
    assert (listener["Port"], listener["Protocol"]) == (80, "HTTP")
    assert listener["DefaultActions"][0]["Type"] == "forward"


def test_with_certificate_http_only_redirects() -> None:
    """A plain listener that forwards would carry bodies and keys unencrypted."""
    made = listeners(balanced(DEFAULT, certificate_arn=CERTIFICATE_ARN))
    assert made.keys() == {80, 443}
    (redirect,) = made[80]["DefaultActions"]
    assert redirect["Type"] == "redirect"
    assert (redirect["RedirectConfig"]["Protocol"], redirect["RedirectConfig"]["Port"]) == ("HTTPS", "443")
    assert made[443]["Certificates"] == [{"CertificateArn": CERTIFICATE_ARN}]
    assert made[443]["DefaultActions"][0]["Type"] == "forward"
    # This policy offers TLS 1.2 and 1.3.
    assert made[443]["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"


@pytest.mark.parametrize(("given", "ports"), [({}, {80}), ({"certificate_arn": CERTIFICATE_ARN}, {80, 443})])
def test_the_world_reaches_the_listeners_and_nothing_else(given: dict[str, Any], ports: set[int]) -> None:
    (group,) = found(balanced(DEFAULT, **given), "AWS::EC2::SecurityGroup")
    for rule in group["SecurityGroupIngress"]:
        assert rule["FromPort"] == rule["ToPort"]
    assert {rule["FromPort"] for rule in group["SecurityGroupIngress"]} == ports


def test_stands_in_the_public_subnets() -> None:
    (balancer,) = found(balanced(DEFAULT), "AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert balancer["Scheme"] == "internet-facing"
    assert all("PublicSubnet" in subnet["Ref"] for subnet in balancer["Subnets"])


@pytest.mark.parametrize("certificate", [{}, {"certificate_arn": CERTIFICATE_ARN}])
def test_what_no_rule_names_is_answered_by_the_load_balancer(certificate: dict[str, Any]) -> None:
    """So it can be probed without a task, and no service has to know what the others do not."""
    template = balanced(Route(paths=("/pages*",)), fixed_response=NOT_FOUND, **certificate)
    (action,) = listeners(template)[443 if certificate else 80]["DefaultActions"]
    assert action["Type"] == "fixed-response"
    assert action["FixedResponseConfig"] == {
        "StatusCode": "404",
        "ContentType": "text/plain",
        "MessageBody": "no such resource",
    }


def test_rules_are_asked_narrower_ones_first() -> None:
    """A wider pattern before a narrower one takes its requests."""
    template = balanced(
        Route(paths=("/orders*", "/carts*")),
        Route(paths=("/orders/special*",)),
        Route(hosts=("api.example.com",)),
        Route(paths=("/a*",), hosts=("b.example.com",)),
        fixed_response=NOT_FOUND,
    )
    groups = template.find_resources("AWS::ElasticLoadBalancingV2::TargetGroup")
    assert [(paths, hosts, groups[group]["Properties"]["Port"]) for _, paths, hosts, group in rules(template)] == [
        (["/a*"], ["b.example.com"], 3004),
        ([], ["api.example.com"], 3003),
        (["/orders/special*"], [], 3002),
        (["/orders*", "/carts*"], [], 3001),
    ]


def test_a_service_that_moves_or_goes_leaves_the_rules_of_others_as_they_are() -> None:
    """CloudFormation cannot give a rule a priority that another one still holds: it rolls the deployment back."""
    routes = {name: Route(paths=(f"/{name}*",)) for name in ("users", "orders", "payments")}

    def of(*names: str) -> dict[str, Any]:
        def build(stack: cdk.Stack) -> None:
            config = LoadBalancerConfig(fixed_response=NOT_FOUND)
            made = LoadBalancer(
                stack, "Balancer", vpc=vpc(stack), config=config, lifecycle=Lifecycle.DESTROY, alarm_topic=None
            )
            for name in names:
                made.add_service(name, name=name, service=targets.IpTarget("10.0.0.9"), port=3000, route=routes[name])

        return dict(template_of(build).find_resources("AWS::ElasticLoadBalancingV2::ListenerRule"))

    all_of_them = of("users", "orders", "payments")
    assert len(all_of_them) == 3
    assert of("payments", "users", "orders") == all_of_them
    without = of("orders", "payments")
    assert len(without) == 2
    assert without.items() <= all_of_them.items()


def test_a_route_without_patterns_takes_the_rest() -> None:
    template = balanced(Route(paths=("/worker/health",)), DEFAULT)
    groups = template.find_resources("AWS::ElasticLoadBalancingV2::TargetGroup")
    assert [paths for _, paths, _, _ in rules(template)] == [["/worker/health"]]
    (action,) = listeners(template)[80]["DefaultActions"]
    assert groups[action["TargetGroupArn"]["Ref"]]["Properties"]["Port"] == 3002


def test_requests_end_before_their_target_goes() -> None:
    (group,) = found(balanced(DEFAULT), "AWS::ElasticLoadBalancingV2::TargetGroup")
    attributes = {entry["Key"]: entry["Value"] for entry in group["TargetGroupAttributes"]}
    assert attributes["deregistration_delay.timeout_seconds"] == "30"


def test_health_asks_the_process_not_its_database() -> None:
    """Else a failover of the database takes every task out of service."""
    (group,) = found(balanced(DEFAULT), "AWS::ElasticLoadBalancingV2::TargetGroup")
    assert group["HealthCheckPath"] == "/health"
    assert (group["HealthCheckIntervalSeconds"], group["HealthCheckTimeoutSeconds"]) == (15, 5)
    assert (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"]) == (2, 3)


def test_headers_that_break_the_protocol_are_dropped() -> None:
    """Servers behind it may read them in another way than it did."""
    (balancer,) = found(balanced(DEFAULT), "AWS::ElasticLoadBalancingV2::LoadBalancer")
    attributes = {entry["Key"]: entry["Value"] for entry in balancer["LoadBalancerAttributes"]}
    assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert attributes["idle_timeout.timeout_seconds"] == "60"


@pytest.mark.parametrize(
    ("lifecycle", "protected"),
    [(Lifecycle.DESTROY, "false"), (Lifecycle.SNAPSHOT, "true"), (Lifecycle.RETAIN, "true")],
)
def test_protected_where_data_is(lifecycle: Lifecycle, protected: str) -> None:
    (balancer,) = found(balanced(DEFAULT, lifecycle=lifecycle), "AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert {"Key": "deletion_protection.enabled", "Value": protected} in balancer["LoadBalancerAttributes"]


def test_one_alarm_on_the_share_of_errors() -> None:
    """In a count of errors a busy hour looks like a broken one."""
    (alarm,) = found(balanced(DEFAULT), "AWS::CloudWatch::Alarm")
    metrics = {one["Id"]: one for one in alarm["Metrics"]}
    (returned,) = (one for one in alarm["Metrics"] if one["ReturnData"])
    assert returned["Expression"] == "100 * errors / MAX([requests, errors])"
    assert metrics["errors"]["Expression"] == "FILL(own, 0) + FILL(targets, 0)"
    named = {id_: one["MetricStat"]["Metric"]["MetricName"] for id_, one in metrics.items() if "MetricStat" in one}
    assert named == {
        "own": "HTTPCode_ELB_5XX_Count",
        "targets": "HTTPCode_Target_5XX_Count",
        "requests": "RequestCount",
    }
    assert {one["MetricStat"]["Stat"] for one in metrics.values() if "MetricStat" in one} == {"Sum"}
    assert alarm["Threshold"] == 5


def test_without_topic_there_is_no_alarm() -> None:
    assert found(balanced(DEFAULT, alarms=False), "AWS::CloudWatch::Alarm") == []


def test_shows_latency_error_rate_and_throughput() -> None:
    graphs: list[Any] = []
    balanced(DEFAULT, graphs=graphs)
    assert graphs == [
        ("API: latency (s)", 3),
        ("API: error rate (%)", 1),
        ("API: throughput (requests per minute)", 1),
    ]
