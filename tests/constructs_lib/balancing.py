"""A load balancer with services behind it, and what its template says."""

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import assertions
from aws_cdk import aws_elasticloadbalancingv2_targets as targets
from aws_cdk import aws_logs as logs

from config.model import FixedResponse, Lifecycle, LoadBalancerConfig, Route
from constructs_lib.load_balancer import LoadBalancer
from tests.support.given import found, template_of, topic, vpc

DEFAULT = Route()
ONE_MONTH = logs.RetentionDays.ONE_MONTH
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
            log_retention=ONE_MONTH,
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


def attributes(listener: dict[str, Any]) -> dict[str, str]:
    """The attributes of a listener, without what begins the names of most."""
    prefix = "routing.http.response."
    return {each["Key"].removeprefix(prefix): each["Value"] for each in listener["ListenerAttributes"]}


def settings(template: assertions.Template) -> dict[str, Any]:
    (balancer,) = found(template, "AWS::ElasticLoadBalancingV2::LoadBalancer")
    return {each["Key"]: each["Value"] for each in balancer["LoadBalancerAttributes"]}


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
