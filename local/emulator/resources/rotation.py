"""AWS::SecretsManager::RotationSchedule, by the emulator's Secrets Manager."""

from typing import Any

from ministack.services import secretsmanager

from local.emulator.resources.registry import Properties, Provider, Provisioned, answer


class _RotationSchedule:
    """The schedule is kept and described. The first rotation happens at once, as on AWS; later ones do not come."""

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:  # noqa: ARG002
        """Set the schedule and rotate, unless `RotateImmediatelyOnUpdate` is off."""
        secret = _secret(properties["SecretId"])
        secret["RotationEnabled"] = True
        secret["RotationRules"] = dict(properties.get("RotationRules") or {})
        secret["RotationLambdaARN"] = properties.get("RotationLambdaARN")
        if str(properties.get("RotateImmediatelyOnUpdate", True)).lower() != "false":
            answer(secretsmanager._rotate_secret({"SecretId": secret["ARN"]}), "AWS::SecretsManager::RotationSchedule")
        return str(secret["ARN"]), {"Id": str(secret["ARN"])}

    def update(
        self,
        physical_id: str,
        old: Properties,  # noqa: ARG002
        new: Properties,
        stack: str,
        logical_id: str | None = None,
    ) -> Provisioned:
        """Set the new schedule; another secret is another schedule."""
        return self.create(logical_id or physical_id, new, stack)

    def delete(self, physical_id: str, properties: Properties) -> None:  # noqa: ARG002
        """End the rotation; the secret keeps its value."""
        _, secret = secretsmanager._resolve(physical_id, use_arn_scope=True)
        if secret is not None:
            secret["RotationEnabled"] = False
            secret["RotationRules"] = None
            secret["RotationLambdaARN"] = None


TYPES: dict[str, Provider] = {"AWS::SecretsManager::RotationSchedule": _RotationSchedule()}


def _secret(identifier: str) -> dict[str, Any]:
    _, secret = secretsmanager._resolve(identifier, use_arn_scope=True)
    if secret is None:
        raise ValueError(f"AWS::SecretsManager::RotationSchedule: there is no secret {identifier}")
    found: dict[str, Any] = secret
    return found
