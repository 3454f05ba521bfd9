"""AWS::SecretsManager::RotationSchedule, by the emulator's Secrets Manager and the function that it names."""

from typing import Any

from ministack.services import secretsmanager

from local.emulator.resources.registry import CreatedAgain, Properties, Provisioned, answer, register_type
from local.emulator.secret_rotation import RotationFailedError, try_out

_TYPE = "AWS::SecretsManager::RotationSchedule"


def register() -> None:
    """Provide the type; it waits for the function that is tried out."""
    register_type(_TYPE, _RotationSchedule(), blocks=True)


class _RotationSchedule(CreatedAgain):
    """The schedule is kept and described; at its times nothing happens.

    As on AWS, the secret is rotated at once, unless `RotateImmediatelyOnUpdate` is off: then its function tests the
    present value.
    """

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:  # noqa: ARG002
        """Set the schedule, and rotate or test."""
        secret = _secret(properties["SecretId"])
        function = properties.get("RotationLambdaARN")
        secret["RotationEnabled"] = True
        secret["RotationRules"] = dict(properties.get("RotationRules") or {})
        secret["RotationLambdaARN"] = function
        if str(properties.get("RotateImmediatelyOnUpdate", True)).lower() != "false":
            answer(secretsmanager._rotate_secret({"SecretId": secret["ARN"]}), _TYPE)
        elif function:
            try:
                try_out(secret, str(function))
            except RotationFailedError as error:
                raise ValueError(f"{_TYPE}: {error}") from error
        return str(secret["ARN"]), {"Id": str(secret["ARN"])}

    def delete(self, physical_id: str, properties: Properties) -> None:  # noqa: ARG002
        """End the rotation; the secret keeps its value."""
        _, secret = secretsmanager._resolve(physical_id, use_arn_scope=True)
        if secret is not None:
            secret["RotationEnabled"] = False
            secret["RotationRules"] = None
            secret["RotationLambdaARN"] = None


def _secret(identifier: str) -> dict[str, Any]:
    _, secret = secretsmanager._resolve(identifier, use_arn_scope=True)
    if secret is None:
        raise ValueError(f"{_TYPE}: there is no secret {identifier}")
    found: dict[str, Any] = secret
    return found
