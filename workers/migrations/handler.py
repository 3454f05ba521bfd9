"""Brings the schema and its users up to date, whenever CloudFormation calls `handler` for the custom resource.

A person may call it as well, with `{}`: after a restore, or when a user's password and its secret have parted.
"""

import json
import logging
import os
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import httpx
import psycopg
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from services import database_users, migrations
from services.database import Database, DatabaseUnavailableError, reason
from services.database_users import Credentials
from services.logs import configure_logging, without_values
from services.secret_values import SecretUnavailableError, SecretValues
from services.settings import MigrationSettings, SettingsError

# The same for ever: another one would make CloudFormation delete the resource as replaced.
_PHYSICAL_ID = "database-schema"
# Kept back for the answer, which CloudFormation would otherwise wait an hour for.
_RESERVE_SECONDS = 20
# A paused or starting database is there within this time; one that is not fails the deployment soon.
_MAX_PATIENCE_SECONDS = 120
# CloudFormation takes answers up to 4 KiB.
_MAX_REASON_CHARACTERS = 1000
_ANSWER_ATTEMPTS = 3
_ANSWER_TIMEOUT_SECONDS = 2


@dataclass(frozen=True, slots=True)
class _Result:
    status: Literal["SUCCESS", "FAILED"]
    reason: str
    data: dict[str, str]


@cache
def _logger() -> Logger:
    # Whatever the variables hold: what is wrong with them is told to CloudFormation, which has to be answered.
    level = os.environ.get("LOG_LEVEL", "")
    return configure_logging(
        os.environ.get("POWERTOOLS_SERVICE_NAME") or "migrations",
        level if level in logging.getLevelNamesMapping() else "INFO",
    )


class MigrationFailedError(Exception):
    """Told to a person who called; CloudFormation is answered instead."""


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Always answers CloudFormation: with the schema's revision, or with the reason why the deployment must fail.

    A person gets the answer, or MigrationFailedError.
    """
    logger = _logger()
    seconds = context.get_remaining_time_in_millis() / 1000 - _RESERVE_SECONDS
    try:
        result = _run(event.get("RequestType", "Update"), seconds)
    except Exception as error:  # noqa: BLE001  # without an answer, the deployment would hang until it times out
        logger.error("unexpected error", extra=without_values(error))  # noqa: TRY400  # its text may quote a row
        result = _failed(f"unexpected {type(error).__name__}: the log says where")
    logger.info("answering", extra={"status": result.status, "reason": result.reason, **result.data})
    if "ResponseURL" in event:
        _answer(event, context, result)
    elif result.status == "FAILED":
        raise MigrationFailedError(result.reason)
    return {"Reason": result.reason, **result.data}


def _run(request_type: str, seconds: float) -> _Result:
    if request_type == "Delete":
        # The schema and its users go with their database.
        return _Result("SUCCESS", "nothing to do", {})
    try:
        settings = MigrationSettings.from_environment(os.environ)
        secrets = SecretValues()
        database = Database(
            settings.database,
            secrets,
            application_name=settings.powertools_service_name,
            statement_timeout_seconds=max(int(seconds / 2), 1),
        )
        connection = database.connect_patiently(min(seconds / 2, _MAX_PATIENCE_SECONDS))
        revision = migrations.apply(connection, settings.database_schema)
        users = {user: _credentials(secrets, arn) for user, arn in settings.database_users.items()}
        with database.connect(psycopg.Connection.connect) as connection:
            database_users.settle(connection, settings.database_schema, users)
    except SettingsError as error:
        return _failed(f"the migrations function is misconfigured: {error}")
    except DatabaseUnavailableError as error:
        return _failed(f"the database cannot be reached: {error}")
    except migrations.MigrationError as error:
        return _failed(f"the migration failed and was rolled back: {error}")
    except (ValueError, SecretUnavailableError, psycopg.Error) as error:
        told = reason(error) if isinstance(error, psycopg.Error) else error
        return _failed(f"the database's users cannot be set up: {told}")
    return _Result(
        "SUCCESS", f"the schema {settings.database_schema} is at revision {revision}", {"Revision": revision}
    )


def _credentials(secrets: SecretValues, arn: str) -> Credentials:
    # The present one: a rotation may have been since.
    username, password = secrets.fields(arn, "username", "password", fresh=True)
    return Credentials(username=username, password=password)


def _failed(reason: str) -> _Result:
    return _Result("FAILED", reason[:_MAX_REASON_CHARACTERS], {})


def _answer(event: dict[str, Any], context: LambdaContext, result: _Result) -> None:
    document = {
        "Status": result.status,
        "Reason": f"{result.reason} (log stream {context.log_stream_name})",
        "PhysicalResourceId": event.get("PhysicalResourceId", _PHYSICAL_ID),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": result.data,
    }
    with httpx.Client(timeout=_ANSWER_TIMEOUT_SECONDS) as client:
        for attempt in range(1, _ANSWER_ATTEMPTS + 1):
            try:
                # The URL is signed for a request without content type.
                client.put(event["ResponseURL"], content=json.dumps(document)).raise_for_status()
            except httpx.HTTPError:
                if attempt == _ANSWER_ATTEMPTS:
                    raise
            else:
                return
