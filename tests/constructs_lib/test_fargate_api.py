"""Decisions of the API."""

from typing import Any

import pytest
from aws_cdk import assertions

from config.model import Lifecycle
from constructs_lib.fargate_api import FargateApi
from tests.support.given import config, options, template_of, vpc
from tests.support.synth import CERTIFICATE_ARN


def api(environment: str = "dev", **changes: Any) -> assertions.Template:
    it = config(environment, api=changes)
    return template_of(
        lambda stack: FargateApi(
            stack,
            "Api",
            vpc=vpc(stack),
            config=it.api,
            options=options(it),
            command=["python", "-m", "program"],
            variables={"GIVEN": "value"},
        )
    )


def only(template: assertions.Template, resource_type: str) -> dict[str, Any]:
    (found,) = template.find_resources(resource_type).values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def test_without_certificate_http_is_served() -> None:
    listener = only(api(), "AWS::ElasticLoadBalancingV2::Listener")
    assert (listener["Port"], listener["Protocol"]) == (80, "HTTP")
    assert listener["DefaultActions"][0]["Type"] == "forward"


def test_with_certificate_http_only_redirects() -> None:
    """A plain listener that forwards would carry bodies and keys unencrypted."""
    template = api(certificate_arn=CERTIFICATE_ARN)
    listeners = {
        listener["Properties"]["Port"]: listener["Properties"]
        for listener in template.find_resources("AWS::ElasticLoadBalancingV2::Listener").values()
    }
    assert listeners.keys() == {80, 443}
    assert listeners[80]["DefaultActions"][0]["Type"] == "redirect"
    assert listeners[443]["Certificates"] == [{"CertificateArn": CERTIFICATE_ARN}]
    # This policy offers TLS 1.2 and 1.3.
    assert listeners[443]["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"


def test_only_the_load_balancer_is_public() -> None:
    template = api()
    balancer = only(template, "AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert balancer["Scheme"] == "internet-facing"
    assert all("PublicSubnet" in subnet["Ref"] for subnet in balancer["Subnets"])
    network = only(template, "AWS::ECS::Service")["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "DISABLED"
    assert all("PrivateSubnet" in subnet["Ref"] for subnet in network["Subnets"])


def test_tasks_are_reached_by_the_load_balancer_only() -> None:
    template = api()
    (rule,) = template.find_resources("AWS::EC2::SecurityGroupIngress").values()
    assert rule["Properties"]["FromPort"] == rule["Properties"]["ToPort"] == 3000
    assert "LoadBalancer" in str(rule["Properties"]["SourceSecurityGroupId"])


@pytest.mark.parametrize(
    ("environment", "cpu", "memory", "minimum", "maximum"),
    [("dev", "512", "1024", 1, 2), ("staging", "1024", "2048", 1, 5), ("prod", "1024", "2048", 2, 10)],
)
def test_size_and_number_of_tasks(environment: str, cpu: str, memory: str, minimum: int, maximum: int) -> None:
    template = api(environment)
    task = only(template, "AWS::ECS::TaskDefinition")
    assert (task["Cpu"], task["Memory"]) == (cpu, memory)
    target = only(template, "AWS::ApplicationAutoScaling::ScalableTarget")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (minimum, maximum)


def test_scales_on_cpu_memory_and_requests() -> None:
    policies = api(requests_per_target_per_minute=1200).find_resources("AWS::ApplicationAutoScaling::ScalingPolicy")
    targets = {
        policy["Properties"]["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"][
            "PredefinedMetricType"
        ]: policy["Properties"]["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]
        for policy in policies.values()
    }
    assert targets == {
        "ECSServiceAverageCPUUtilization": 70,
        "ECSServiceAverageMemoryUtilization": 80,
        "ALBRequestCountPerTarget": 1200,
    }


def test_a_bad_version_never_replaces_a_good_one() -> None:
    service = only(api(), "AWS::ECS::Service")["DeploymentConfiguration"]
    assert service["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert service["MinimumHealthyPercent"] == 100


def test_deployments_do_not_reset_the_scaling() -> None:
    """A desired count in the template would set a busy service back to it with every deployment."""
    assert "DesiredCount" not in only(api(), "AWS::ECS::Service")


def test_requests_end_before_their_task_does() -> None:
    template = api()
    attributes = only(template, "AWS::ElasticLoadBalancingV2::TargetGroup")["TargetGroupAttributes"]
    delay = {entry["Key"]: entry["Value"] for entry in attributes}["deregistration_delay.timeout_seconds"]
    (container,) = only(template, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    assert int(delay) == 30 < container["StopTimeout"] == 60


def test_health_asks_the_process_not_its_database() -> None:
    """Else a failover of the database takes every task out of service."""
    group = only(api(), "AWS::ElasticLoadBalancingV2::TargetGroup")
    assert group["HealthCheckPath"] == "/health"
    assert (group["HealthCheckIntervalSeconds"], group["HealthCheckTimeoutSeconds"]) == (15, 5)
    assert (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"]) == (2, 3)


def test_container_gets_what_it_is_given() -> None:
    template = api(port=8080)
    task = only(template, "AWS::ECS::TaskDefinition")
    (container,) = task["ContainerDefinitions"]
    variables = {entry["Name"]: entry["Value"] for entry in container["Environment"]}
    assert variables["GIVEN"] == "value"
    assert variables["PORT"] == "8080"
    assert container["PortMappings"] == [{"ContainerPort": 8080, "Protocol": "tcp"}]
    assert container["Command"] == ["python", "-m", "program"]
    assert task["RuntimePlatform"]["CpuArchitecture"] == "ARM64"
    assert container["LogConfiguration"]["LogDriver"] == "awslogs"


def test_task_and_execution_roles_are_two() -> None:
    """The agent that pulls images and writes logs must not lend its rights to the code."""
    task = only(api(), "AWS::ECS::TaskDefinition")
    assert task["TaskRoleArn"] != task["ExecutionRoleArn"]


@pytest.mark.parametrize(("environment", "protected"), [("dev", "false"), ("staging", "true"), ("prod", "true")])
def test_load_balancer_is_protected_where_data_is(environment: str, protected: str) -> None:
    assert (config(environment).lifecycle is not Lifecycle.DESTROY) == (protected == "true")
    attributes = only(api(environment), "AWS::ElasticLoadBalancingV2::LoadBalancer")["LoadBalancerAttributes"]
    assert {"Key": "deletion_protection.enabled", "Value": protected} in attributes
