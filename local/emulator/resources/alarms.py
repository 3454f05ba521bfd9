"""AWS::CloudWatch::Alarm over several metrics: kept and described like any other, never evaluated.

The emulator's CloudWatch computes no expressions, so that such an alarm stays in the state INSUFFICIENT_DATA.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services.cloudformation import provisioners

from local.emulator.resources.recorded import RecordedOnly
from local.emulator.resources.registry import Properties, Provider, Provisioned

_ALARM = "AWS::CloudWatch::Alarm"
# What an alarm over several metrics has in each of them, and not itself.
_OF_ONE_METRIC = ("Dimensions", "ExtendedStatistic", "MetricName", "Namespace", "Period", "Statistic", "Unit")

Record = dict[str, Any]


def types(recorded: RecordedOnly) -> Mapping[str, Provider]:
    """The type; alarms that are never evaluated are listed in `recorded`."""
    provisioners._cw_metric_alarm_record = _keeping_metrics(provisioners._cw_metric_alarm_record)
    return {_ALARM: _Alarm(recorded)}


def _keeping_metrics(original: Callable[[str, Properties], Record]) -> Callable[[str, Properties], Record]:
    def record(name: str, properties: Properties) -> Record:
        metrics = properties.get("Metrics")
        if not metrics:
            return original(name, properties)
        given = {key: value for key, value in properties.items() if key != "Metrics"}
        alarm = original(name, given | {"MetricName": "-", "Namespace": "-"})
        return {key: value for key, value in alarm.items() if key not in _OF_ONE_METRIC} | {"Metrics": metrics}

    return record


class _Alarm:
    """AWS::CloudWatch::Alarm."""

    def __init__(self, recorded: RecordedOnly) -> None:
        self._recorded = recorded

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        """Create the alarm."""
        provisioned: Provisioned = provisioners._cw_metric_alarm_create(logical_id, properties, stack)
        return self._noted(provisioned, properties, stack, logical_id)

    def update(
        self, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None
    ) -> Provisioned:
        """Change the alarm; another name is another alarm."""
        provisioned: Provisioned = provisioners._cw_metric_alarm_update(physical_id, old, new, stack, logical_id)
        return self._noted(provisioned, new, stack, logical_id or physical_id)

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Delete the alarm."""
        provisioners._cw_metric_alarm_delete(physical_id, properties)
        self._recorded.remove(physical_id)

    def _noted(self, provisioned: Provisioned, properties: Properties, stack: str, logical_id: str) -> Provisioned:
        physical_id, _ = provisioned
        if properties.get("Metrics"):
            self._recorded.add(_ALARM, stack, logical_id, physical_id)
        else:
            self._recorded.remove(physical_id)
        return provisioned
