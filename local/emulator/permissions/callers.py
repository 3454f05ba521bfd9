"""What a function's own code calls carries the function's ARN; what Lambda asks for it does not.

So a policy can keep from the code what Lambda needs. Source: the Lambda developer guide, "Working with Lambda execution
environment credentials": `lambda:SourceFunctionArn`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.core import iam_evaluator, lambda_runtime
from ministack.services import lambda_svc, sts

_FUNCTION = "SourceFunctionArn"


def install() -> None:
    """Put the ARN into sessions, and the key beside the others that describe a caller."""
    credentials = _with_function(lambda_runtime.execution_credentials)
    lambda_runtime.execution_credentials = credentials
    lambda_svc.execution_credentials = credentials
    iam_evaluator._principal_keys = _with_source(iam_evaluator._principal_keys)


def _with_function(give: Callable[[dict[str, Any]], dict[str, str]]) -> Callable[[dict[str, Any]], dict[str, str]]:
    def give_and_remember(config: dict[str, Any]) -> dict[str, str]:
        credentials = give(config)
        session = sts._sessions.get(credentials["AWS_ACCESS_KEY_ID"])
        if session is not None:
            session[_FUNCTION] = config.get("FunctionArn")
        return credentials

    return give_and_remember


def _with_source(describe: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    def describe_with_source(credential: Any) -> dict[str, Any]:
        session: Mapping[str, Any] = sts._sessions.get(credential.access_key_id) or {}
        source = {"lambda:sourcefunctionarn": session[_FUNCTION]} if session.get(_FUNCTION) else {}
        return {**describe(credential), **source}

    return describe_with_source
