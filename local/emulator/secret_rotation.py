"""Rotation of a secret by the Lambda function that it names, in the four steps of Secrets Manager.

MiniStack's own rotation gives the secret a new version with the same value, and calls nobody.
"""

import contextvars
import json
import logging
import threading
import time
import uuid
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import lambda_svc, secretsmanager

_log = logging.getLogger(__name__)

Record = dict[str, Any]
Answer = tuple[int, dict[str, str], Any]

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
_PENDING = "AWSPENDING"
_CURRENT = "AWSCURRENT"
_under_way: set[str] = set()
_guard = threading.Lock()


class RotationFailedError(Exception):
    """The function is not there, or a step of it failed; the message says which and why."""


def install() -> None:
    """Let RotateSecret call the function of a secret that names one; others rotate as before."""
    rotate, read = secretsmanager._rotate_secret, secretsmanager._get_secret_value

    def rotate_by_function(data: Record) -> Answer:
        _, secret = secretsmanager._resolve(data.get("SecretId"))
        function = data.get("RotationLambdaARN") or (secret or {}).get("RotationLambdaARN")
        if secret is None or secret.get("DeletedDate") or not function:
            answer: Answer = rotate(data)
            return answer
        return _begin(secret, str(function), data)

    def read_what_has_a_value(data: Record) -> Answer:
        answer: Answer = read(data)
        if answer[0] < 400:  # noqa: PLR2004 - accepted
            found = json.loads(answer[2])
            if "SecretString" not in found and "SecretBinary" not in found:
                # Its rotation has begun, and its function has not stored it yet.
                told = f"Secrets Manager can't find the specified secret value for VersionId: {found['VersionId']}"
                refused: Answer = error_response_json("ResourceNotFoundException", told, 400)
                return refused
        return answer

    secretsmanager._rotate_secret = rotate_by_function
    secretsmanager._get_secret_value = read_what_has_a_value


def try_out(secret: Record, function: str) -> None:
    """Have the function test the present value under another version, as Secrets Manager does for a new schedule.

    Raises:
        RotationFailedError: it does not pass.
    """
    token = str(uuid.uuid4())
    _, current = secretsmanager._find_stage_version(secret, _CURRENT)
    _add_pending(secret, token, {name: current[name] for name in ("SecretString", "SecretBinary")} if current else {})
    try:
        _call(secret, function, "testSecret", token)
    finally:
        secret["Versions"].pop(token, None)


def _begin(secret: Record, function: str, data: Record) -> Answer:
    arn, token = str(secret["ARN"]), str(data.get("ClientRequestToken") or uuid.uuid4())
    with _guard:
        if arn in _under_way:
            told = "A previous rotation isn't complete. That rotation will be reattempted."
            refused: Answer = error_response_json("InvalidRequestException", told, 400)
            return refused
        _under_way.add(arn)
    secret["RotationEnabled"] = True
    secret["RotationLambdaARN"] = function
    if data.get("RotationRules"):
        secret["RotationRules"] = data["RotationRules"]
    _add_pending(secret, token, {})
    # With the account and the region of the request.
    here = contextvars.copy_context()
    threading.Thread(target=here.run, args=(_rotate, secret, function, token), daemon=True, name="rotation").start()
    accepted: Answer = json_response({"ARN": arn, "Name": secret["Name"], "VersionId": token})
    return accepted


def _rotate(secret: Record, function: str, token: str) -> None:
    try:
        for step in STEPS:
            _call(secret, function, step, token)
    except RotationFailedError as error:
        # The version stays pending, and the former one current.
        _log.error("%s was not rotated: %s", secret["Name"], error)
    finally:
        with _guard:
            _under_way.discard(str(secret["ARN"]))


def _add_pending(secret: Record, token: str, value: Record) -> None:
    for version in secret["Versions"].values():
        if _PENDING in version["Stages"]:
            version["Stages"].remove(_PENDING)
    secret["Versions"][token] = {
        "SecretString": None,
        "SecretBinary": None,
        **value,
        "CreatedDate": int(time.time()),
        "Stages": [_PENDING],
    }


def _call(secret: Record, function: str, step: str, token: str) -> None:
    record, config, name = lambda_svc._get_func_record_for_ref(function)
    if record is None or config is None:
        raise RotationFailedError(f"there is no function {function}")
    event = {"Step": step, "SecretId": secret["ARN"], "ClientRequestToken": token}
    execution = lambda_svc._execution_record_for_config(record, config)
    result = lambda_svc._execute_function_with_config_scope(execution, event)
    if result.get("error"):
        raise RotationFailedError(f"{name} failed at {step}: {result.get('body')}")
