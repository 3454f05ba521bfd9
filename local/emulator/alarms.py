"""A correction to MiniStack's CloudWatch: an alarm looks at the metric with its own dimensions, and at no other.

MiniStack takes all values of the metric's name together, those of other load balancers and functions included.
"""

import operator
import time
from collections.abc import Callable
from typing import Any

from ministack.services import cloudwatch

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}


def install() -> None:
    """Put the correction in place."""
    cloudwatch._evaluate_alarm = _evaluate


def _evaluate(alarm: dict[str, Any]) -> None:
    """Bring an alarm into the state that its metric asks for, as soon as there is a value to judge by."""
    compare = _COMPARISONS.get(str(alarm.get("ComparisonOperator")))
    dimensions = cloudwatch._dims_key(cloudwatch._dims_from_list(alarm.get("Dimensions") or []))
    stored = cloudwatch._metrics.get((alarm.get("Namespace"), alarm.get("MetricName"), dimensions)) or []
    begin = time.time() - float(alarm.get("Period") or 60) * int(alarm.get("EvaluationPeriods") or 1)
    points = [point for point in stored if point["Timestamp"] >= begin]
    if compare is None or not points:
        return
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    value = cloudwatch._stat_value(cloudwatch._calc_stats(points), statistic, points)
    if value is None:
        return
    threshold = float(alarm.get("Threshold") or 0)
    former, state = alarm["StateValue"], "ALARM" if compare(value, threshold) else "OK"
    if former != state:
        reason = f"Threshold Crossed: {statistic} {value} {alarm['ComparisonOperator']} {threshold}"
        alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
        cloudwatch._record_history(alarm["AlarmName"], former, state, reason)
        cloudwatch._dispatch_alarm_actions(alarm, former, state, reason)
        cloudwatch._evaluate_parent_alarms(alarm)
