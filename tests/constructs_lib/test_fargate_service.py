"""Decisions of a service on Fargate."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_secretsmanager as secretsmanager

from config.model import Lifecycle, LoadBalancerConfig, Route, ServiceConfig, Uses
from constructs_lib.access import Access, Cache, Database, Resources
from constructs_lib.channels import Channels
from constructs_lib.fargate_service import STOP_TIMEOUT, FargateService, services_image
from constructs_lib.load_balancer import DEREGISTRATION_DELAY, LoadBalancer
from constructs_lib.providers import LOCAL
from tests.support.given import config, options, template_of, vpc

USES_DATA = Uses(database="orders", cache=True)


def service(*names: str, **changes: Any) -> ServiceConfig:
    given = {
        "program": "shop",
        "arguments": names,
        "port": 3003,
        "cpu_units": 256,
        "memory_mib": 512,
        "min_tasks": 1,
        "max_tasks": 3,
        "database_pool_size": 5,
    }
    return ServiceConfig.model_validate(given | changes)


def resources(stack: cdk.Stack, network: ec2.IVpc) -> Resources:
    """A database and a cache, as far as a consumer sees them."""
    secret = secretsmanager.Secret(stack, "Secret")
    groups = [ec2.SecurityGroup(stack, name, vpc=network, allow_all_outbound=False) for name in ("Data", "CacheGroup")]
    database = Database(
        network=groups[0],
        host="database.internal",
        endpoint_port="5432",
        port=5432,
        secret=secret,
        name="orderservice",
        schema="shop_order",
        arn="arn:aws:rds:eu-central-1:123456789012:db:orders",
    )
    cache = Cache(network=groups[1], host="cache.internal", endpoint_port="6379", port=6379, secret=secret)
    return Resources(databases={"orders": database}, cache=cache)


def running(it: ServiceConfig) -> assertions.Template:
    """The service `order` on a cluster, behind a load balancer if it has a route."""

    def build(stack: cdk.Stack) -> None:
        system = config()
        assert system.channels is not None
        network = vpc(stack)
        FargateService(
            stack,
            "Order",
            name="order",
            cluster=ecs.Cluster(stack, "Cluster", vpc=network),
            image=services_image(stack, "Image"),
            config=it,
            access=Access(
                it.uses,
                resources(stack, network),
                LOCAL,
                Channels(stack, "Channels", config=system.channels, used=it.uses.channels, lifecycle=system.lifecycle),
            ),
            options=options(system),
            load_balancer=load_balancer(stack, network) if it.route else None,
        )

    return template_of(build)


def load_balancer(stack: cdk.Stack, network: ec2.IVpc) -> LoadBalancer:
    return LoadBalancer(
        stack,
        "LoadBalancer",
        vpc=network,
        config=LoadBalancerConfig(),
        lifecycle=Lifecycle.DESTROY,
        alarm_topic=None,
    )


def found(template: assertions.Template, resource_type: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in template.find_resources(resource_type).values()]


def only(template: assertions.Template, resource_type: str) -> dict[str, Any]:
    (properties,) = found(template, resource_type)
    return properties


def container(template: assertions.Template) -> dict[str, Any]:
    (definition,) = only(template, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    it: dict[str, Any] = definition
    return it


def variables(template: assertions.Template) -> dict[str, Any]:
    return {entry["Name"]: entry["Value"] for entry in container(template)["Environment"]}


def own_group(template: assertions.Template) -> str:
    (name,) = (
        name
        for name, group in template.find_resources("AWS::EC2::SecurityGroup").items()
        if group["Properties"]["GroupDescription"] == "Tasks of order"
    )
    return name


def test_runs_the_program_of_its_config() -> None:
    template = running(service("order"))
    assert container(template)["Command"] == ["python", "-m", "services.shop", "order"]
    assert container(template)["PortMappings"] == [{"ContainerPort": 3003, "Protocol": "tcp"}]
    assert only(template, "AWS::ECS::TaskDefinition")["RuntimePlatform"]["CpuArchitecture"] == "ARM64"


def test_what_it_uses_becomes_variables() -> None:
    """What is declared is found; what is not declared is not even named."""
    given = variables(running(service("order", uses=USES_DATA)))
    assert given.keys() == {
        *("APP_ENV", "LOG_LEVEL", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "PORT", "AWS_REGION"),
        *("DATABASE_HOST", "DATABASE_PORT", "DATABASE_NAME", "DATABASE_SECRET_ARN", "DATABASE_SSLMODE"),
        "DATABASE_POOL_SIZE",
        *("CACHE_HOST", "CACHE_PORT", "CACHE_SECRET_ARN"),
    }
    assert (given["POWERTOOLS_SERVICE_NAME"], given["PORT"], given["DATABASE_POOL_SIZE"]) == ("order", "3003", "5")


def test_what_it_does_not_use_is_out_of_its_reach() -> None:
    """Neither a permission nor a rule is there, so one service never reads the data of another."""
    template = running(service("order"))
    assert variables(template).keys().isdisjoint({"DATABASE_HOST", "DATABASE_POOL_SIZE", "CACHE_HOST", "EMAIL_SENDER"})
    (role,) = (name for name in template.find_resources("AWS::IAM::Role") if "TaskRole" in name)
    assert [one for one in found(template, "AWS::IAM::Policy") if {"Ref": role} in one["Roles"]] == []
    assert found(template, "AWS::EC2::SecurityGroupIngress") == []


def test_ways_to_data_start_at_its_own_group() -> None:
    template = running(service("order", uses=USES_DATA))
    ways = found(template, "AWS::EC2::SecurityGroupIngress")
    assert sorted(way["FromPort"] for way in ways) == [5432, 6379]
    for way in ways:
        assert way["SourceSecurityGroupId"]["Fn::GetAtt"][0] == own_group(template)


@pytest.mark.parametrize(
    ("channels", "ports"), [((), (443, 443)), (("telegram",), (443, 443)), (("webhook",), (0, 65535))]
)
def test_reaches_the_world_by_https_unless_recipients_choose_the_port(
    channels: tuple[str, ...], ports: tuple[int, int]
) -> None:
    template = running(service("order", uses=Uses.model_validate({"channels": channels})))
    group = template.find_resources("AWS::EC2::SecurityGroup")[own_group(template)]["Properties"]
    (rule,) = group["SecurityGroupEgress"]
    assert (rule["FromPort"], rule["ToPort"]) == ports


def test_behind_the_load_balancer_it_is_reached_from_there_only() -> None:
    template = running(service("order", route=Route()))
    way = only(template, "AWS::EC2::SecurityGroupIngress")
    assert way["FromPort"] == way["ToPort"] == 3003
    assert "LoadBalancer" in str(way["SourceSecurityGroupId"])
    assert only(template, "AWS::ECS::Service")["HealthCheckGracePeriodSeconds"] == 30


def test_without_route_nothing_leads_to_it() -> None:
    """ECS refuses a grace period for a service that no load balancer asks."""
    template = running(service("order"))
    made = only(template, "AWS::ECS::Service")
    assert not made.get("LoadBalancers")
    assert "HealthCheckGracePeriodSeconds" not in made
    assert found(template, "AWS::EC2::SecurityGroupIngress") == []


def test_revisions_are_counted_by_environment_and_service() -> None:
    """A family that other environments share mixes their revisions, and their logs on the embedded cloud."""
    (task,) = running(service("order")).find_resources("AWS::ECS::TaskDefinition").values()
    assert task["Properties"]["Family"] == "Test-order"


@pytest.mark.parametrize("route", [None, Route()])
def test_every_container_is_asked_for_its_health(route: Route | None) -> None:
    """Without a load balancer nobody else would notice that a process hangs."""
    check = container(running(service("order", route=route)))["HealthCheck"]
    assert check["Command"] == ["CMD", "python", "-m", "services.healthcheck"]


def test_tasks_are_private() -> None:
    network = only(running(service("order")), "AWS::ECS::Service")["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "DISABLED"
    assert all("PrivateSubnet" in subnet["Ref"] for subnet in network["Subnets"])


def test_scales_on_cpu_memory_and_requests() -> None:
    template = running(service("order", route=Route(), requests_per_target_per_minute=1200))
    targets = {
        tracked["PredefinedMetricSpecification"]["PredefinedMetricType"]: tracked["TargetValue"]
        for policy in found(template, "AWS::ApplicationAutoScaling::ScalingPolicy")
        for tracked in [policy["TargetTrackingScalingPolicyConfiguration"]]
    }
    assert targets == {
        "ECSServiceAverageCPUUtilization": 70,
        "ECSServiceAverageMemoryUtilization": 80,
        "ALBRequestCountPerTarget": 1200,
    }


def test_without_route_there_are_no_requests_to_scale_on() -> None:
    policies = found(running(service("order")), "AWS::ApplicationAutoScaling::ScalingPolicy")
    assert len(policies) == 2
    assert "ALBRequestCountPerTarget" not in str(policies)


def test_deployments_do_not_reset_the_scaling() -> None:
    """A desired count in the template would set a busy service back to it with every deployment."""
    assert "DesiredCount" not in only(running(service("order")), "AWS::ECS::Service")


def test_a_fixed_number_of_tasks_is_told() -> None:
    """Without autoscaling nothing else says how many there are, and ECS starts one."""
    template = running(service("order", min_tasks=2, max_tasks=2))
    assert only(template, "AWS::ECS::Service")["DesiredCount"] == 2
    assert found(template, "AWS::ApplicationAutoScaling::ScalableTarget") == []


def test_a_bad_version_never_replaces_a_good_one() -> None:
    deployment = only(running(service("order")), "AWS::ECS::Service")["DeploymentConfiguration"]
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (100, 200)


def test_of_a_singleton_there_are_never_two() -> None:
    """Two schedulers plan everything twice: neither a deployment nor a rebalancing of zones may start a second one."""
    template = running(service("order", min_tasks=1, max_tasks=1, singleton=True))
    made = only(template, "AWS::ECS::Service")
    assert made["DesiredCount"] == 1
    assert made["DeploymentConfiguration"]["MaximumPercent"] == 100
    # Else the old task could not go before the new one.
    assert made["DeploymentConfiguration"]["MinimumHealthyPercent"] == 0
    assert made["AvailabilityZoneRebalancing"] == "DISABLED"
    assert found(template, "AWS::ApplicationAutoScaling::ScalableTarget") == []


def test_tasks_are_spread_over_the_zones_again_after_one_was_lost() -> None:
    assert only(running(service("order")), "AWS::ECS::Service")["AvailabilityZoneRebalancing"] == "ENABLED"


def test_requests_end_before_their_task_does() -> None:
    assert container(running(service("order")))["StopTimeout"] == STOP_TIMEOUT.to_seconds()
    assert DEREGISTRATION_DELAY.to_seconds() < STOP_TIMEOUT.to_seconds()


def test_task_and_execution_roles_are_two() -> None:
    """The agent that pulls images and writes logs must not lend its rights to the code."""
    task = only(running(service("order")), "AWS::ECS::TaskDefinition")
    assert task["TaskRoleArn"] != task["ExecutionRoleArn"]


def test_logs_end() -> None:
    template = running(service("order"))
    assert only(template, "AWS::Logs::LogGroup")["RetentionInDays"] == 30
    logged = container(template)["LogConfiguration"]
    assert logged["LogDriver"] == "awslogs"
    assert logged["Options"]["awslogs-group"]["Ref"] in template.find_resources("AWS::Logs::LogGroup")


def test_size_and_limits_are_those_of_config() -> None:
    template = running(service("order", cpu_units=1024, memory_mib=3072, min_tasks=2, max_tasks=5, port=4001))
    task = only(template, "AWS::ECS::TaskDefinition")
    assert (task["Cpu"], task["Memory"]) == ("1024", "3072")
    limits = only(template, "AWS::ApplicationAutoScaling::ScalableTarget")
    assert (limits["MinCapacity"], limits["MaxCapacity"]) == (2, 5)
    assert variables(template)["PORT"] == "4001"
