"""What Lambda does for a function in the name of its role: writes its log, and connects it to a VPC.

Sources: the Lambda developer guide, "Sending Lambda function logs to CloudWatch Logs" and "Giving Lambda functions
access to resources in an Amazon VPC". Of the actions that the latter names, Lambda checks those of `TO_CONNECT` when a
function is made or gets other subnets; the others belong to network interfaces themselves, which nothing here has.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners

from local.emulator.permissions.asking import Asking

Response = tuple[int, dict[str, str], Any]
TO_CONNECT = ("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface")


def install(asking: Asking) -> None:
    """Let functions ask; MiniStack looks these functions up for every invocation and request."""
    lambda_svc._emit_lambda_logs = _if_it_may_write(lambda_svc._emit_lambda_logs, asking)
    lambda_svc._create_function = _if_it_may_connect_at_first(lambda_svc._create_function, asking)
    lambda_svc._update_config = _if_it_may_connect_again(lambda_svc._update_config, asking)
    provisioners._lambda_create = _if_it_may_connect_from_a_template(provisioners._lambda_create, asking)


def _if_it_may_write(emit: Callable[..., None], asking: Asking) -> Callable[..., None]:
    """What may not be written is lost; the invocation goes on, as on AWS."""

    def emit_if_allowed(function: dict[str, Any], *arguments: Any, **named: Any) -> None:
        config = function.get("config") or function
        name = str(config.get("FunctionName"))
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
        stream = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{group}:log-stream:*"
        role = str(config.get("Role") or "")
        asked = [
            asking.allows(role, action, stream, session=name)
            for action in ("logs:CreateLogStream", "logs:PutLogEvents")
        ]
        if all(asked):
            emit(function, *arguments, **named)

    return emit_if_allowed


def _if_it_may_connect_at_first(create: Callable[..., Response], asking: Asking) -> Callable[..., Response]:
    def create_if_allowed(data: dict[str, Any]) -> Response:
        return _refusal(asking, str(data.get("Role")), str(data.get("FunctionName")), data.get("VpcConfig")) or create(
            data
        )

    return create_if_allowed


def _if_it_may_connect_again(update: Callable[..., Response], asking: Asking) -> Callable[..., Response]:
    def update_if_allowed(name: str, data: dict[str, Any]) -> Response:
        known = (lambda_svc._functions.get(name) or {}).get("config") or {}
        role = str(data.get("Role") or known.get("Role") or "")
        return _refusal(asking, role, name, data.get("VpcConfig")) or update(name, data)

    return update_if_allowed


def _if_it_may_connect_from_a_template(create: Callable[..., Any], asking: Asking) -> Callable[..., Any]:
    """CloudFormation makes functions without the API."""

    def create_if_allowed(logical_id: str, properties: Mapping[str, Any], stack: str) -> Any:
        role = str(properties.get("Role") or "")
        lacking = _lacking(asking, role, logical_id, properties.get("VpcConfig"))
        if lacking:
            raise ValueError(_reason(lacking))
        return create(logical_id, properties, stack)

    return create_if_allowed


def _refusal(asking: Asking, role: str, name: str, vpc: Any) -> Response | None:
    lacking = _lacking(asking, role, name, vpc)
    if not lacking:
        return None
    refused: Response = error_response_json("InvalidParameterValueException", _reason(lacking), 400)
    return refused


def _lacking(asking: Asking, role: str, name: str, vpc: Any) -> str | None:
    if not isinstance(vpc, Mapping) or not vpc.get("SubnetIds"):
        return None
    return next((each for each in TO_CONNECT if not asking.allows(role, each, "*", session=name)), None)


def _reason(action: str) -> str:
    call = action.partition(":")[2]
    return f"The provided execution role does not have permissions to call {call} on EC2"
