"""What runs: services on Fargate, functions, instances, and what watches them."""

from collections.abc import Iterator

from assembly.cost.figures import Charge, Month, Pricings, charge
from assembly.cost.hours import runs_per_month
from assembly.cost.prices import HOURS_PER_MONTH
from assembly.errors import InputError
from assembly.templates import Resource

_MIB_PER_GIB = 1024
_KIB_PER_GIB = 1024 * 1024
_CPU_UNITS = 1024
_INCLUDED_EPHEMERAL_GIB = 20
# Of Amazon Linux's images, where a template names no volume.
_ROOT_VOLUME_GIB = 8

# Metrics of Container Insights on Fargate, each charged as a custom metric for the hours in which it is sent, out of
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html
# CPU, memory and ephemeral storage reserved and used, bytes received, sent, read and written:
_METRICS_OF_TASKS = 10
# DeploymentCount, DesiredTaskCount, PendingTaskCount, RunningTaskCount, TaskSetCount:
_METRICS_OF_A_SERVICE = 5
# ContainerInstanceCount, ServiceCount, TaskCount:
_METRICS_OF_A_CLUSTER = 3
# An assumption: the size of a performance log event. One comes every minute of each cluster and service, of each task
# and of each of its containers.
_EVENT_KIB = 1
_MINUTES = HOURS_PER_MONTH * 60


def _service(month: Month, service: Resource) -> Iterator[Charge]:
    strategies = {str(each.get("CapacityProvider")) for each in service.value("CapacityProviderStrategy") or []}
    launched = strategies or {str(service.value("LaunchType", "FARGATE"))}
    if launched != {"FARGATE"}:
        place = f"{service.stack}: {service.path}"
        raise InputError(f"{place} runs on {', '.join(sorted(launched))}; only tasks on FARGATE are priced")
    task = _task_definition(month, service)
    platform = task.value("RuntimePlatform") or {}
    processor = str(platform.get("CpuArchitecture", "X86_64")).lower()
    hours = sum(each.hours * each.least for each in month.running(service))
    yield charge(f"fargate.{processor}.vcpu_hour", hours * task.number("Cpu", 256) / _CPU_UNITS)
    yield charge(f"fargate.{processor}.gib_hour", hours * task.number("Memory", 512) / _MIB_PER_GIB)
    ephemeral_gib = int((task.value("EphemeralStorage") or {}).get("SizeInGiB", _INCLUDED_EPHEMERAL_GIB))
    if ephemeral_gib > _INCLUDED_EPHEMERAL_GIB:
        yield charge("fargate.ephemeral_gib_hour", hours * (ephemeral_gib - _INCLUDED_EPHEMERAL_GIB))


def _task_definition(month: Month, service: Resource) -> Resource:
    found = month.named(service, "TaskDefinition")
    for each in found:
        if each.type == "AWS::ECS::TaskDefinition":
            return each
    raise InputError(f"{service.stack}: {service.path} has no task definition in the assembly, so its size is unknown")


def _cluster(month: Month, cluster: Resource) -> Iterator[Charge]:
    settings = {str(each.get("Name")): str(each.get("Value")) for each in cluster.value("ClusterSettings") or []}
    insights = settings.get("containerInsights", "disabled")
    if insights == "disabled":
        return
    if insights != "enabled":
        raise InputError(
            f"{cluster.stack}: Container Insights of {cluster.path} is {insights!r}; priced are enabled and disabled"
        )
    services = [each for each in month.assembly.of_type("AWS::ECS::Service") if month.refers(each, "Cluster", cluster)]
    metric_hours = float(_METRICS_OF_A_CLUSTER * HOURS_PER_MONTH)
    task_hours, longest = 0.0, 0.0
    for service in services:
        parts = month.running(service)
        running_hours = sum(each.hours for each in parts if each.least > 0)
        longest = max(longest, running_hours)
        task_hours += sum(each.hours * each.least for each in parts)
        metric_hours += _METRICS_OF_A_SERVICE * HOURS_PER_MONTH
        # By service, and by the family of its task definition.
        metric_hours += 2 * _METRICS_OF_TASKS * running_hours
    metric_hours += _METRICS_OF_TASKS * longest
    yield charge("cloudwatch.metric_month", metric_hours / HOURS_PER_MONTH)
    events = _MINUTES * (1 + len(services)) + 2 * task_hours * 60
    yield charge("cloudwatch.logs.ingested_gib", events * _EVENT_KIB / _KIB_PER_GIB)


def _function(month: Month, function: Resource) -> Iterator[Charge]:
    """Those that only a deployment calls cost nothing worth a row."""
    invocations = sum(
        month.traffic.messages_per_month / max(month.traffic.messages_per_invocation, 1)
        for mapping in month.assembly.of_type("AWS::Lambda::EventSourceMapping")
        if month.refers(mapping, "FunctionName", function)
    )
    for schedule in month.assembly.of_type("AWS::Scheduler::Schedule"):
        if month.refers(schedule, "Target", function):
            invocations += runs(schedule)
    for rule in month.assembly.of_type("AWS::Events::Rule"):
        if month.refers(rule, "Targets", function) and rule.value("ScheduleExpression"):
            invocations += runs(rule)
    if not invocations:
        return
    processor = str((function.value("Architectures") or ["x86_64"])[0])
    gib = function.number("MemorySize", 128) / _MIB_PER_GIB
    yield charge("lambda.request", invocations)
    yield charge(f"lambda.{processor}.gib_second", invocations * gib * month.traffic.function_seconds)


def runs(schedule: Resource) -> float:
    """How often a schedule or a rule runs in a month."""
    if schedule.value("State", "ENABLED") == "DISABLED":
        return 0
    return runs_per_month(str(schedule.value("ScheduleExpression")), f"{schedule.stack}: {schedule.path}")


def _schedule(_month: Month, schedule: Resource) -> Iterator[Charge]:
    yield charge("scheduler.invocation", runs(schedule))


def _instance(_month: Month, instance: Resource) -> Iterator[Charge]:
    yield charge(f"ec2.{instance.value('InstanceType', 'm1.small')}.hour", HOURS_PER_MONTH)
    volumes = [each["Ebs"] for each in instance.value("BlockDeviceMappings") or [] if "Ebs" in each]
    # An assumption: an image's own volume is of the type gp3.
    sizes: dict[str, float] = {} if volumes else {"gp3": _ROOT_VOLUME_GIB}
    for each in volumes:
        kind = str(each.get("VolumeType", "gp2"))
        sizes[kind] = sizes.get(kind, 0) + float(each.get("VolumeSize", _ROOT_VOLUME_GIB))
    for kind, gib in sizes.items():
        yield charge(f"ebs.{kind}.gib_month", gib)
    interfaces = instance.value("NetworkInterfaces") or []
    addresses = sum(str(each.get("AssociatePublicIpAddress")).lower() == "true" for each in interfaces)
    if addresses:
        yield charge("ipv4.hour", addresses * HOURS_PER_MONTH)


PRICED: Pricings = {
    "AWS::EC2::Instance": _instance,
    "AWS::ECS::Cluster": _cluster,
    "AWS::ECS::Service": _service,
    "AWS::Lambda::Function": _function,
    "AWS::Scheduler::Schedule": _schedule,
}
