"""AWS::SecretsManager::Secret: Ref is its ARN, by which policies name it, and a generated value is made as asked for.

MiniStack answers the name, so that a role which a template grants one of its secrets is denied it. Of how a value is
to be generated, it takes notice of length and single characters only.
"""

import json
from collections.abc import Callable
from typing import Any

from ministack.services import secretsmanager
from ministack.services.cloudformation import drift, provisioners

from local.emulator.resources.registry import Properties, Provisioned, answer, register_type

_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - the name of a type


def register() -> None:
    """Provide the type; MiniStack's own functions go on working with names."""
    register_type(_SECRET, _Secret())
    provisioners._sm_secret_string = _value
    read, properties = drift._DRIFT_READERS[_SECRET]
    drift._DRIFT_READERS[_SECRET] = (_by_name(read), properties)


class _Secret:
    """AWS::SecretsManager::Secret."""

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        """Create the secret."""
        return _by_arn(provisioners._sm_secret_create(logical_id, properties, stack))

    def update(
        self, physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None
    ) -> Provisioned:
        """Change the secret; another name is another secret."""
        return _by_arn(provisioners._sm_secret_update(_name(physical_id), old, new, stack, logical_id))

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Delete the secret without a recovery window."""
        provisioners._sm_secret_delete(_name(physical_id), properties)


def _value(properties: Properties) -> str:
    """The value that a template states or has generated.

    Raises:
        ValueError: it cannot be generated so, with the reason.
    """
    wanted = properties.get("GenerateSecretString")
    if wanted is None:
        return str(properties.get("SecretString", ""))
    response = secretsmanager._get_random_password({"PasswordLength": 32, **wanted})
    password = str(json.loads(answer(response, _SECRET))["RandomPassword"])
    template = wanted.get("SecretStringTemplate")
    if template is None:
        return password
    return json.dumps({**json.loads(template), wanted["GenerateStringKey"]: password})


def _by_arn(provisioned: Provisioned) -> Provisioned:
    _, attributes = provisioned
    return attributes["Arn"], attributes


def _by_name(read: Callable[[str, Properties], Any]) -> Callable[[str, Properties], Any]:
    return lambda physical_id, properties: read(_name(physical_id), properties)


def _name(physical_id: str) -> str:
    """The name of a secret; what is no longer there keeps its id, and is then not found under it either."""
    name, _ = secretsmanager._resolve(physical_id, use_arn_scope=True)
    return name or physical_id
