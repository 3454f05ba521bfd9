"""Secrets and keys, and what is watched and logged."""

from collections.abc import Iterator

from assembly.cost.compute import runs
from assembly.cost.figures import Charge, Month, Pricings, charge
from assembly.templates import Resource

_HIGH_RESOLUTION_BELOW_SECONDS = 60
# https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html: one alarm
# to scale out by and one to scale in by, which are charged as any other.
_ALARMS_OF_A_POLICY = 2
_METRICS_OF_A_FREE_DASHBOARD = 50
_DAYS_OF_A_MONTH = 30
# An assumption, of AWS's own pricing examples: logs are stored compressed to this share.
_COMPRESSED_SHARE = 0.15
# A sample takes one to two bytes: https://prometheus.io/docs/prometheus/latest/storage/. A workspace keeps 150 days.
_GIB_PER_SAMPLE = 2 / 1024**3
_WORKSPACE_MONTHS = 5


def _alarm(_month: Month, alarm: Resource) -> Iterator[Charge]:
    """Each metric counts, also those that an expression is made of."""
    metrics = [each["MetricStat"] for each in alarm.value("Metrics") or [] if "MetricStat" in each]
    periods = [int(each.get("Period", 60)) for each in metrics] or [alarm.number("Period", 60)]
    quick = sum(period < _HIGH_RESOLUTION_BELOW_SECONDS for period in periods)
    if quick < len(periods):
        yield charge("cloudwatch.alarm.metric_month", len(periods) - quick)
    if quick:
        yield charge("cloudwatch.alarm.high_resolution_metric_month", quick)


def _composite_alarm(_month: Month, _alarm: Resource) -> Iterator[Charge]:
    yield charge("cloudwatch.alarm.composite_month", 1)


def _scaling_policy(_month: Month, policy: Resource) -> Iterator[Charge]:
    if policy.value("PolicyType") == "TargetTrackingScaling":
        yield charge("cloudwatch.alarm.metric_month", _ALARMS_OF_A_POLICY)


def _dashboard(_month: Month, dashboard: Resource) -> Iterator[Charge]:
    # Of a body with references, the text lies in pieces; a metric begins with its namespace in all of them.
    body = _text(dashboard.value("DashboardBody"))
    metrics = sum(part.count('["') for part in body.split('"metrics":')[1:])
    large = metrics > _METRICS_OF_A_FREE_DASHBOARD
    yield charge("cloudwatch.dashboard.large_month" if large else "cloudwatch.dashboard_month", 1)


def _text(value: object) -> str:
    """All text in a value of a template."""
    match value:
        case str():
            return value
        case dict():
            return "".join(_text(each) for each in value.values())
        case list():
            return "".join(_text(each) for each in value)
        case _:
            return ""


def _log_group(month: Month, group: Resource) -> Iterator[Charge]:
    """Logs are those of what runs all day; what only a deployment calls hardly writes any."""
    writers = _log_groups_of_writers(month)
    share = month.share(group, lambda each: each in writers) if writers else month.share(group)
    gib = share * month.traffic.log_gib_per_month
    yield charge("cloudwatch.logs.ingested_gib", gib)
    kept_months = group.number("RetentionInDays", 0) / _DAYS_OF_A_MONTH
    yield charge("cloudwatch.logs.gib_month", gib * _COMPRESSED_SHARE * max(kept_months, 1))
    # Programs send their metrics as log events.
    yield charge("cloudwatch.metric_month", share * month.traffic.custom_metrics)


def _log_groups_of_writers(month: Month) -> set[Resource]:
    writers = [*month.assembly.of_type("AWS::ECS::TaskDefinition")]
    for mapping in month.assembly.of_type("AWS::Lambda::EventSourceMapping"):
        writers += month.named(mapping, "FunctionName")
    for schedule in month.assembly.of_type("AWS::Scheduler::Schedule"):
        if runs(schedule):
            writers += month.named(schedule, "Target")
    return {
        group
        for writer in writers
        for name in ("ContainerDefinitions", "LoggingConfig")
        for group in month.named(writer, name)
        if group.type == "AWS::Logs::LogGroup"
    }


def _workspace(month: Month, workspace: Resource) -> Iterator[Charge]:
    samples = month.share(workspace) * month.traffic.prometheus_samples_per_month
    yield charge("prometheus.sample", samples)
    yield charge("prometheus.gib_month", samples * _GIB_PER_SAMPLE * _WORKSPACE_MONTHS)


def _secret(_month: Month, _secret: Resource) -> Iterator[Charge]:
    yield charge("secretsmanager.secret_month", 1)


def _key(_month: Month, _key: Resource) -> Iterator[Charge]:
    yield charge("kms.key_month", 1)


PRICED: Pricings = {
    "AWS::APS::Workspace": _workspace,
    "AWS::ApplicationAutoScaling::ScalingPolicy": _scaling_policy,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::CompositeAlarm": _composite_alarm,
    "AWS::CloudWatch::Dashboard": _dashboard,
    "AWS::KMS::Key": _key,
    "AWS::KMS::ReplicaKey": _key,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::SecretsManager::Secret": _secret,
}
