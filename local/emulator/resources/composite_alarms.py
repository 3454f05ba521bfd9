"""AWS::CloudWatch::CompositeAlarm by the emulator's CloudWatch, which evaluates its rule."""

from collections.abc import Mapping
from typing import Any

from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from local.emulator.resources.registry import CreatedAgain, Properties, Provider, Provisioned, answer, tag_type

_ALARM = "AWS::CloudWatch::CompositeAlarm"
# Longest name of an alarm.
_NAME_CHARACTERS = 255


def types() -> Mapping[str, Provider]:
    """The type."""
    tag_type(_ALARM)
    return {_ALARM: _CompositeAlarm()}


class _CompositeAlarm(CreatedAgain):
    """AWS::CloudWatch::CompositeAlarm; Ref is its name. Put again, it keeps its state. Suppressors have no effect."""

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        """Put the alarm.

        Raises:
            ValueError: the rule cannot be read, or names an alarm that does not exist.
        """
        generated = provisioners._physical_name(stack, logical_id, max_len=_NAME_CHARACTERS)
        name = str(properties.get("AlarmName") or generated)
        given = {key: value for key, value in properties.items() if key != "Tags"}
        _call(cloudwatch._put_composite_alarm, {**given, "AlarmName": name})
        # Putting an alarm again leaves its tags alone, and nobody but CloudFormation may put its own on one.
        cloudwatch.cloudformation_set_metric_alarm_tags(name, list(properties.get("Tags") or []))
        return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}

    def delete(self, physical_id: str, properties: Properties) -> None:  # noqa: ARG002 - CloudFormation's signature
        """Delete the alarm.

        Raises:
            ValueError: another composite alarm needs it.
        """
        _call(cloudwatch._delete_alarms, {"AlarmNames": [physical_id]})


def _call(action: Any, request: dict[str, Any]) -> None:
    answer(action({}, request, False, True), _ALARM)
