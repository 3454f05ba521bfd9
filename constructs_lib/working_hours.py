"""Fewer tasks outside the working hours of a system."""

from aws_cdk import TimeZone
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_ecs as ecs

from config.model import ServiceConfig, WorkingHours


def scale_by_hours(tasks: ecs.ScalableTaskCount, hours: WorkingHours, config: ServiceConfig) -> None:
    """Let a service run with its `night_tasks` from the end of the working hours to their beginning.

    Between the two, and on the days that are none of them, nothing changes: a Friday's evening lasts until Monday.
    """
    night = config.night_tasks
    if night is None:
        return
    time_zone = TimeZone.of(hours.time_zone)
    tasks.scale_on_schedule(
        "Morning",
        schedule=_at(hours.start, hours.days),
        time_zone=time_zone,
        min_capacity=config.min_tasks,
        max_capacity=config.max_tasks,
    )
    tasks.scale_on_schedule(
        "Evening",
        schedule=_at(hours.end, hours.days),
        time_zone=time_zone,
        min_capacity=night,
        # With some tasks left, load may still bring more; a service that is off stays off.
        max_capacity=config.max_tasks if night else 0,
    )


def _at(time: str, days: str) -> autoscaling.Schedule:
    hour, minute = time.split(":")
    # CDK's own `cron` takes single fields; a range of weekdays is one of them.
    return autoscaling.Schedule.cron(hour=str(int(hour)), minute=str(int(minute)), week_day=days)
