"""Rotates the secret of one of the database's users, whenever Secrets Manager calls `handler` for a step of it."""

import os
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.aws import bounded
from services.logs import configure_logging
from services.rotation import Rotation, RotationError
from services.settings import RotationSettings


class _Request(BaseModel):
    # Secrets Manager says more than is asked for here.
    model_config = ConfigDict(frozen=True, extra="ignore")

    step: Literal["createSecret", "setSecret", "testSecret", "finishSecret"] = Field(alias="Step")
    secret_arn: str = Field(alias="SecretId")
    token: str = Field(alias="ClientRequestToken")


@dataclass(frozen=True, slots=True)
class _Runtime:
    rotation: Rotation
    logger: Logger


@cache
def _runtime() -> _Runtime:
    """Made at the first call, kept while the environment is warm."""
    settings = RotationSettings.from_environment(os.environ)
    return _Runtime(
        rotation=Rotation(
            boto3.client("secretsmanager", config=bounded(timeout_seconds=10, attempts=3)),
            settings.database,
            settings.database_users,
            application_name=settings.powertools_service_name,
        ),
        logger=configure_logging(settings.powertools_service_name, settings.log_level),
    )


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Does one of the four steps. What does not succeed is raised, and Secrets Manager tries again later."""
    try:
        request = _Request.model_validate(event)
    except ValidationError as error:
        fields = ", ".join(".".join(str(part) for part in fault["loc"]) for fault in error.errors())
        raise RotationError(f"not a step of a rotation, by {fields}: let Secrets Manager call this") from None
    runtime = _runtime()
    runtime.logger.append_keys(function_request_id=context.aws_request_id)
    runtime.rotation.run(request.step, request.secret_arn, request.token)
