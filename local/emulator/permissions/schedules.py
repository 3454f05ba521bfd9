"""EventBridge Scheduler invokes its target in the name of the role that the schedule names."""

import logging
from collections.abc import Callable
from typing import Any

from ministack.services import eventbridge

from local.emulator.permissions.asking import Asking

_log = logging.getLogger(__name__)


def install(asking: Asking) -> None:
    """Let schedules ask; MiniStack looks this function up for every invocation."""
    eventbridge._invoke_target = _if_it_may(eventbridge._invoke_target, asking)


def _if_it_may(invoke: Callable[..., Any], asking: Asking) -> Callable[..., Any]:
    def invoke_if_allowed(target: dict[str, Any], event: dict[str, Any], by: dict[str, Any]) -> Any:
        arn, role = str(target.get("Arn")), str(target.get("RoleArn") or "")
        of_scheduler = event.get("Source") == "aws.scheduler" and arn.startswith("arn:aws:lambda:")
        if of_scheduler and not asking.allows(role, "lambda:InvokeFunction", arn, session=str(by.get("Name"))):
            _log.warning("schedule %s was not carried out: %s may not invoke %s", by.get("Name"), role, arn)
            return None
        return invoke(target, event, by)

    return invoke_if_allowed
