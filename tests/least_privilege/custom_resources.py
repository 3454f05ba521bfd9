"""Calls a custom resource's function as CloudFormation does."""

import base64
import re
from uuid import uuid4

from tests.least_privilege.checks import Check
from tests.least_privilege.ground import Deployed, Unit
from tests.least_privilege.workloads import NotDoneError, call, function_of, restart_function

_CLOSING = "CustomVpcRestrictDefaultSG"
# The CDK's function writes its answer into its log before it sends it, here to nobody.
_ANSWER = re.compile(r"Status['\"]?: ['\"](\w+)['\"]")


def _closes_the_default_group(deployed: Deployed, unit: Unit, _seconds: float) -> None:
    """Asked to close it once more, it finds nothing to revoke, and has to ask all the same."""
    group = unit.resource.rpartition("/")[2]
    event = {
        "RequestType": "Create",
        "ResponseURL": f"{deployed.settings.endpoint_url}/_ministack/cfn-response/{uuid4().hex}",
        "StackId": "least-privilege",
        "RequestId": uuid4().hex,
        "LogicalResourceId": "Closing",
        "ResourceProperties": {"DefaultSecurityGroupId": group, "Account": deployed.settings.account},
    }
    answer = call(deployed, function_of(deployed, unit.role_name), event)
    log = base64.b64decode(answer.get("LogResult", "")).decode()
    found = _ANSWER.search(log)
    if found is None or found[1] != "SUCCESS":
        raise NotDoneError(f"it answered {found[1] if found else 'nothing'}: {log[-300:]}")


def _fresh(deployed: Deployed, unit: Unit) -> None:
    restart_function(deployed, unit.role_name)


CHECKS: tuple[Check, ...] = (
    Check(
        name="the default security group is closed",
        guards=lambda unit: _CLOSING in unit.role.logical_id and unit.granted.action.startswith("ec2:Revoke"),
        look=_closes_the_default_group,
        refresh=_fresh,
    ),
)
