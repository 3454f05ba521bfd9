"""Secrets, read at run time and cached briefly, so that a rotated one reaches a running process."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import boto3
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from services.aws import bounded

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

# The longest a process may go on with a secret that was replaced (unless the old one is refused earlier).
CACHE_SECONDS = 300


class SecretUnavailableError(Exception):
    """Secrets Manager did not hand out the secret, or it does not hold what it should."""


class SecretValues:
    """A cached reader of Secrets Manager. Safe to share between threads."""

    def __init__(self, region: str | None = None) -> None:
        self._connect: Callable[[], SecretsManagerClient] = lambda: boto3.client(
            "secretsmanager", region_name=region, config=bounded(timeout_seconds=3)
        )
        self._provider: SecretsProvider | None = None

    def text(self, secret_id: str, *, fresh: bool = False) -> str:
        """The secret as text; `fresh` bypasses the cache. Raises SecretUnavailableError."""
        if self._provider is None:
            # On first use: a process whose database comes from a URL has no need of Secrets Manager.
            self._provider = SecretsProvider(boto3_client=self._connect())
        try:
            value = self._provider.get(secret_id, max_age=CACHE_SECONDS, force_fetch=fresh)
        except GetParameterError as error:
            raise SecretUnavailableError(f"secret {secret_id} cannot be read: {error}") from None
        if not isinstance(value, str):
            raise SecretUnavailableError(f"secret {secret_id} holds no text")
        return value

    def fields(self, secret_id: str, *names: str, fresh: bool = False) -> tuple[str, ...]:
        """The named fields of a secret that is a JSON object. Raises SecretUnavailableError."""
        try:
            document = json.loads(self.text(secret_id, fresh=fresh))
        except ValueError:
            document = None
        if not isinstance(document, dict) or not all(isinstance(document.get(name), str) for name in names):
            raise SecretUnavailableError(f"secret {secret_id} is not a JSON object with the texts {', '.join(names)}")
        return tuple(document[name] for name in names)
