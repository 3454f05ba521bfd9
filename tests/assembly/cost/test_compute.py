"""What runs, with quantities computed by hand."""

from pathlib import Path
from typing import Any

import pytest

from assembly.cost.figures import Mode, Month
from assembly.cost.statement import Traffic
from assembly.errors import InputError
from tests.assembly.assemblies import resources
from tests.assembly.cost.given import HOURS, charges

CLUSTER = {"Type": "AWS::ECS::Cluster"}
SERVICE = {
    "Type": "AWS::ECS::Service",
    "Cluster": {"Ref": "Cluster"},
    "LaunchType": "FARGATE",
    "TaskDefinition": {"Ref": "Task"},
}
TASK = {
    "Type": "AWS::ECS::TaskDefinition",
    "Cpu": "512",
    "Memory": "1024",
    "RuntimePlatform": {"CpuArchitecture": "ARM64"},
}
TARGET = {
    "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
    "MinCapacity": 1,
    "MaxCapacity": 3,
    "ResourceId": {"Fn::Join": ["", ["service/", {"Ref": "Cluster"}, "/", {"Fn::GetAtt": ["Service", "Name"]}]]},
}
NIGHTS = [
    {"Schedule": "cron(0 8 * * ? *)", "ScalableTargetAction": {"MinCapacity": 2, "MaxCapacity": 4}},
    {"Schedule": "cron(0 20 * * ? *)", "ScalableTargetAction": {"MinCapacity": 0, "MaxCapacity": 0}},
]


def service(folder: Path, traffic: Traffic | None = None, **changes: Any) -> dict[str, float]:
    given: dict[str, Any] = {"Cluster": CLUSTER, "Service": SERVICE, "Task": TASK} | changes
    return charges(folder, traffic or Traffic(), **given)


def test_a_task_is_paid_by_cpu_and_memory(tmp_path: Path) -> None:
    found = service(tmp_path, Service={**SERVICE, "DesiredCount": 3})
    assert found == pytest.approx({"fargate.arm64.vcpu_hour": 3 * HOURS / 2, "fargate.arm64.gib_hour": 3 * HOURS})


def test_without_a_platform_it_is_intels(tmp_path: Path) -> None:
    task = {name: value for name, value in TASK.items() if name != "RuntimePlatform"}
    assert set(service(tmp_path, Task=task)) == {"fargate.x86_64.vcpu_hour", "fargate.x86_64.gib_hour"}


def test_ephemeral_storage_costs_above_20_gib(tmp_path: Path) -> None:
    found = service(tmp_path, Task={**TASK, "EphemeralStorage": {"SizeInGiB": 50}})
    assert found["fargate.ephemeral_gib_hour"] == pytest.approx(30 * HOURS)


def test_autoscaling_stands_where_the_traffic_says(tmp_path: Path) -> None:
    found = service(tmp_path, Traffic(autoscaling_share=0.25), Target=TARGET)
    # A quarter of the way from 1 to 3.
    assert found["fargate.arm64.gib_hour"] == pytest.approx(1.5 * HOURS)


def test_nights_off_are_not_paid(tmp_path: Path) -> None:
    found = service(tmp_path, Target={**TARGET, "ScheduledActions": NIGHTS})
    # Two tasks for half of the hours; none, whatever autoscaling would do, for the other half.
    assert found["fargate.arm64.gib_hour"] == pytest.approx(2 * HOURS / 2)


@pytest.mark.parametrize(("mode", "task_hours"), [(Mode.STATED, HOURS), (Mode.AWAKE, 1.5 * HOURS), (Mode.IDLE, 0)])
def test_a_month_awake_and_one_idle(mode: Mode, task_hours: float, tmp_path: Path) -> None:
    nights = {**TARGET, "ScheduledActions": NIGHTS}
    assembly = resources(tmp_path, Cluster=CLUSTER, Service=SERVICE, Task=TASK, Target=nights)
    traffic = Traffic(autoscaling_share=0.25 if mode is Mode.AWAKE else 0)
    month = Month(assembly, traffic, Mode.STATED).in_mode(mode)
    (found,) = assembly.of_type("AWS::ECS::Service")
    assert sum(each.hours * each.least for each in month.running(found)) == pytest.approx(task_hours)


def test_a_service_elsewhere_than_on_fargate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="shop-data: Service runs on EC2; only tasks on FARGATE are priced"):
        service(tmp_path, Service={**SERVICE, "LaunchType": "EC2"})
    mixed = [{"CapacityProvider": "FARGATE"}, {"CapacityProvider": "FARGATE_SPOT"}]
    with pytest.raises(InputError, match="runs on FARGATE, FARGATE_SPOT"):
        service(tmp_path, Service={**SERVICE, "CapacityProviderStrategy": mixed})


def test_container_insights_are_metrics_and_events(tmp_path: Path) -> None:
    insights = {**CLUSTER, "ClusterSettings": [{"Name": "containerInsights", "Value": "enabled"}]}
    found = service(tmp_path, Cluster=insights)
    # Of the cluster 13, of the service 15, of the family of tasks 10.
    assert found["cloudwatch.metric_month"] == pytest.approx(38)
    # An event a minute of the cluster, the service, the task and its container, of one KiB each.
    assert found["cloudwatch.logs.ingested_gib"] == pytest.approx(4 * HOURS * 60 / 1024**2)


def test_insights_of_tasks_come_while_tasks_run(tmp_path: Path) -> None:
    insights = {**CLUSTER, "ClusterSettings": [{"Name": "containerInsights", "Value": "enabled"}]}
    found = service(tmp_path, Cluster=insights, Target={**TARGET, "ScheduledActions": NIGHTS})
    # Counts of tasks and services come all day: 3 and 5. The other 30 come for half of the hours.
    assert found["cloudwatch.metric_month"] == pytest.approx(8 + 30 / 2)


def test_other_insights_are_refused(tmp_path: Path) -> None:
    enhanced = {**CLUSTER, "ClusterSettings": [{"Name": "containerInsights", "Value": "enhanced"}]}
    with pytest.raises(
        InputError, match="Container Insights of Cluster is 'enhanced'; priced are enabled and disabled"
    ):
        service(tmp_path, Cluster=enhanced)


FUNCTION = {"Type": "AWS::Lambda::Function", "MemorySize": 512, "Architectures": ["arm64"]}
QUEUE = {"Type": "AWS::SQS::Queue"}
MAPPING = {
    "Type": "AWS::Lambda::EventSourceMapping",
    "FunctionName": {"Ref": "Function"},
    "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
}


def test_a_function_on_a_queue_is_paid_by_invocation_and_time(tmp_path: Path) -> None:
    traffic = Traffic(messages_per_month=1000, messages_per_invocation=4, function_seconds=2)
    found = charges(tmp_path, traffic, Function=FUNCTION, Queue=QUEUE, Mapping=MAPPING)
    assert found["lambda.request"] == 250
    assert found["lambda.arm64.gib_second"] == 250 * 0.5 * 2


def test_a_function_on_a_schedule_runs_as_often_as_that(tmp_path: Path) -> None:
    schedule = {
        "Type": "AWS::Scheduler::Schedule",
        "ScheduleExpression": "rate(1 hour)",
        "Target": {"Arn": {"Fn::GetAtt": ["Function", "Arn"]}},
    }
    intel = {"Type": "AWS::Lambda::Function"}
    found = charges(tmp_path, Traffic(), Function=intel, Schedule=schedule)
    assert found == {"scheduler.invocation": HOURS, "lambda.request": HOURS, "lambda.x86_64.gib_second": HOURS / 8}
    off = charges(tmp_path, Traffic(), Function=intel, Schedule={**schedule, "State": "DISABLED"})
    assert off == {}


def test_a_function_that_only_a_deployment_calls_costs_nothing(tmp_path: Path) -> None:
    assert charges(tmp_path, Traffic(messages_per_month=1000), Function=FUNCTION) == {}


def test_an_instance_has_a_volume_and_maybe_an_address(tmp_path: Path) -> None:
    instance = {"Type": "AWS::EC2::Instance", "InstanceType": "t4g.nano"}
    assert charges(tmp_path, Traffic(), Nat=instance) == {"ec2.t4g.nano.hour": HOURS, "ebs.gp3.gib_month": 8}
    public = {
        **instance,
        "NetworkInterfaces": [{"AssociatePublicIpAddress": True}],
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeType": "gp3", "VolumeSize": 30}}],
    }
    assert charges(tmp_path, Traffic(), Nat=public) == {
        "ec2.t4g.nano.hour": HOURS,
        "ebs.gp3.gib_month": 30,
        "ipv4.hour": HOURS,
    }


def test_a_type_of_instance_without_a_price_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^shop-data: Nat: no price ec2\.u-24tb1\.metal\.hour in us-east-1; add it"):
        charges(tmp_path, Traffic(), Nat={"Type": "AWS::EC2::Instance", "InstanceType": "u-24tb1.metal"})
