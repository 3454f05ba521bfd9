"""Decisions of the load balancer."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_elasticloadbalancingv2_targets as targets

from config.model import (
    AccessLogsConfig,
    FirewallConfig,
    Lifecycle,
    LoadBalancerConfig,
    Route,
)
from constructs_lib.load_balancer import LoadBalancer
from tests.constructs_lib.balancing import (
    DEFAULT,
    NOT_FOUND,
    ONE_MONTH,
    attributes,
    balanced,
    listeners,
    rules,
    settings,
)
from tests.support.given import found, template_of, vpc
from tests.support.synth import CERTIFICATE_ARN


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
                stack,
                "Balancer",
                vpc=vpc(stack),
                config=config,
                lifecycle=Lifecycle.DESTROY,
                log_retention=ONE_MONTH,
                alarm_topic=None,
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


def test_connections_and_targets_end_when_configured() -> None:
    template = balanced(DEFAULT, idle_timeout_seconds=30, deregistration_delay_seconds=45)
    (made,) = found(template, "AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert {"Key": "idle_timeout.timeout_seconds", "Value": "30"} in made["LoadBalancerAttributes"]
    (group,) = found(template, "AWS::ElasticLoadBalancingV2::TargetGroup")
    assert {"Key": "deregistration_delay.timeout_seconds", "Value": "45"} in group["TargetGroupAttributes"]


@pytest.mark.parametrize("certificate", [None, CERTIFICATE_ARN])
def test_every_answer_is_taken_for_what_it_is(certificate: str | None) -> None:
    made = listeners(balanced(DEFAULT, certificate_arn=certificate))
    assert len(made) == (1 if certificate is None else 2)
    for listener in made.values():
        told = attributes(listener)
        assert told["x_content_type_options.header_value"] == "nosniff"
        assert told["x_frame_options.header_value"] == "DENY"
        assert told["server.enabled"] == "false"


def test_what_two_servers_might_read_differently_is_refused() -> None:
    told = settings(balanced(DEFAULT))
    assert told["routing.http.desync_mitigation_mode"] == "strictest"
    assert told["routing.http.drop_invalid_header_fields.enabled"] == "true"


def test_requests_are_recorded_where_it_is_asked_for() -> None:
    template = balanced(DEFAULT, access_logs=AccessLogsConfig(expire_days=40), lifecycle=Lifecycle.RETAIN, alarms=False)
    told = settings(template)
    assert told["access_logs.s3.enabled"] == "true"
    ((name, bucket),) = template.find_resources("AWS::S3::Bucket").items()
    assert told["access_logs.s3.bucket"] == {"Ref": name}
    assert bucket["Properties"]["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == 40
    (policy,) = template.find_resources("AWS::S3::BucketPolicy")
    (balancer,) = template.find_resources("AWS::ElasticLoadBalancingV2::LoadBalancer").values()
    assert policy in balancer["DependsOn"], "a load balancer that may not write yet is refused"
    assert "access_logs.s3.bucket" not in settings(balanced(DEFAULT))
    assert found(balanced(DEFAULT), "AWS::S3::Bucket") == []


def test_the_firewall_is_there_where_it_is_asked_for() -> None:
    template = balanced(DEFAULT, firewall=FirewallConfig())
    (association,) = found(template, "AWS::WAFv2::WebACLAssociation")
    (balancer,) = template.find_resources("AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert association["ResourceArn"] == {"Ref": balancer}
    assert found(balanced(DEFAULT), "AWS::WAFv2::WebACL") == []
