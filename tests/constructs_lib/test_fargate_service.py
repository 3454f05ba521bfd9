"""Decisions of a service on Fargate."""

from typing import Any

import pytest

from config.model import Route, Uses, WorkingHours
from tests.constructs_lib.fargate import USES_DATA, container, only, own_group, running, service, variables
from tests.support.given import found


def test_runs_the_program_of_its_config() -> None:
    template = running(service("order"))
    assert container(template)["Command"] == ["python", "-m", "services.shop", "order"]
    assert container(template)["PortMappings"] == [{"ContainerPort": 3003, "Protocol": "tcp"}]
    assert only(template, "AWS::ECS::TaskDefinition")["RuntimePlatform"]["CpuArchitecture"] == "ARM64"


def test_what_it_uses_becomes_variables() -> None:
    """What is declared is found; what is not declared is not even named."""
    given = variables(running(service("order", uses=USES_DATA)))
    assert given.keys() == {
        *("APP_ENV", "LOG_LEVEL", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "AWS_REGION"),
        *("PORT", "KEEP_ALIVE_SECONDS", "DRAIN_SECONDS"),
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
    ("channels", "ports"),
    [((), [(443, 443)]), (("telegram",), [(443, 443)]), (("webhook",), [(443, 443), (1024, 65535)])],
)
def test_reaches_the_world_by_https_unless_recipients_choose_the_port(
    channels: tuple[str, ...], ports: list[tuple[int, int]]
) -> None:
    template = running(service("order", uses=Uses.model_validate({"channels": channels})))
    group = template.find_resources("AWS::EC2::SecurityGroup")[own_group(template)]["Properties"]
    rules = group["SecurityGroupEgress"]
    assert [(rule["FromPort"], rule["ToPort"]) for rule in rules] == ports
    assert {(rule["CidrIp"], "CidrIpv6" in rule) for rule in rules} == {("0.0.0.0/0", False)}


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


def test_it_has_no_more_rights_than_a_program_needs() -> None:
    made = container(running(service("order")))
    assert made["User"] == "10001"
    assert made["ReadonlyRootFilesystem"] is True
    assert made["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert made["LinuxParameters"]["InitProcessEnabled"] is True
    assert "Privileged" not in made
    assert "MountPoints" not in made


def test_it_may_write_where_it_says_and_nowhere_else() -> None:
    template = running(service("order"), writable=["/samples"])
    made = container(template)
    (point,) = made["MountPoints"]
    (volume,) = only(template, "AWS::ECS::TaskDefinition")["Volumes"]
    assert (point["ContainerPath"], point["ReadOnly"]) == ("/samples", False)
    assert point["SourceVolume"] == volume["Name"]
    assert made["ReadonlyRootFilesystem"] is True


def test_the_agent_of_a_session_may_write_its_folders() -> None:
    """AWS refuses sessions to a container whose root file system is read-only."""
    made = container(running(service("order"), sessions=True))
    assert made["ReadonlyRootFilesystem"] is False
    assert made["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}


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


def test_server_and_platform_are_given_the_same_times() -> None:
    made = container(running(service("order", keep_alive_seconds=125, drain_seconds=40, stop_timeout_seconds=90)))
    variables = {each["Name"]: each["Value"] for each in made["Environment"]}
    assert made["StopTimeout"] == 90
    assert (variables["KEEP_ALIVE_SECONDS"], variables["DRAIN_SECONDS"]) == ("125", "40")


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


WORKING_HOURS = WorkingHours(start="08:30", end="17:00", time_zone="Europe/Berlin")


def night(tasks: int, **changes: Any) -> dict[str, dict[str, Any]]:
    """The scheduled actions of a service, by their name."""
    template = running(service("order", night_tasks=tasks, **changes), hours=WORKING_HOURS)
    actions = only(template, "AWS::ApplicationAutoScaling::ScalableTarget")["ScheduledActions"]
    return {action["ScheduledActionName"]: action for action in actions}


def test_outside_working_hours_a_service_is_off() -> None:
    actions = night(0)
    assert {name: (action["Schedule"], action["Timezone"]) for name, action in actions.items()} == {
        "Morning": ("cron(30 8 ? * MON-FRI *)", "Europe/Berlin"),
        "Evening": ("cron(0 17 ? * MON-FRI *)", "Europe/Berlin"),
    }
    assert actions["Morning"]["ScalableTargetAction"] == {"MinCapacity": 1, "MaxCapacity": 3}
    assert actions["Evening"]["ScalableTargetAction"] == {"MinCapacity": 0, "MaxCapacity": 0}


def test_a_service_that_stays_on_at_night_may_still_grow() -> None:
    assert night(1, min_tasks=2)["Evening"]["ScalableTargetAction"] == {"MinCapacity": 1, "MaxCapacity": 3}


def test_a_service_of_a_fixed_size_is_off_at_night_as_well() -> None:
    """The number in the template would bring it back with every deployment."""
    template = running(service("order", min_tasks=2, max_tasks=2, night_tasks=0), hours=WORKING_HOURS)
    assert "DesiredCount" not in only(template, "AWS::ECS::Service")
    assert found(template, "AWS::ApplicationAutoScaling::ScalingPolicy") == []
    assert len(only(template, "AWS::ApplicationAutoScaling::ScalableTarget")["ScheduledActions"]) == 2
