"""Makes, lists and revokes API keys, when a person calls `handler`."""

import os
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from psycopg import Connection
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from services.database import Database
from services.identity import key_store
from services.identity.key_store import NAME_PATTERN, KeyRefusedError, ListedKey
from services.identity.known_keys import KNOWN_SECONDS
from services.logs import configure_logging
from services.secret_values import SecretValues
from services.settings import KeysSettings

# As long as a database may take to resume from a pause.
PATIENCE_SECONDS = 20
MOST_DAYS = 3650

_Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{20}$")]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Create(_Request):
    action: Literal["create"]
    name: Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
    expires_in_days: Annotated[int, Strict(), Field(ge=1, le=MOST_DAYS)] | None = None
    successor_of: _Id | None = None


class _List(_Request):
    action: Literal["list"]


class _Revoke(_Request):
    action: Literal["revoke"]
    id: _Id


_REQUEST: TypeAdapter[_Create | _List | _Revoke] = TypeAdapter(
    Annotated[_Create | _List | _Revoke, Discriminator("action")]
)


@dataclass(frozen=True, slots=True)
class _Runtime:
    database: Database
    logger: Logger


@cache
def _runtime() -> _Runtime:
    """Made at the first call, kept while the environment is warm."""
    settings = KeysSettings.from_environment(os.environ)
    return _Runtime(
        database=Database(settings.database, SecretValues(), application_name=settings.powertools_service_name),
        logger=configure_logging(settings.powertools_service_name, settings.log_level),
    )


def handler(event: dict[str, Any] | None, context: LambdaContext) -> dict[str, Any]:
    """Does what `action` says, and answers with the key or keys; with `error` if nothing could be done.

    event: `{"action": "create", "name": …}`, with `expires_in_days` and `successor_of` (the id of the key whose
    notifications it is to see) where wanted; `{"action": "list"}`; `{"action": "revoke", "id": …}`.
    The answer to `create` is the only place where `secret`, the whole key as its bearer sends it, is ever seen.
    Raises DatabaseUnavailableError and psycopg.Error.
    """
    try:
        request = _REQUEST.validate_python(event)
    except ValidationError as error:
        return {"error": _explained(error)}
    runtime = _runtime()
    runtime.logger.append_keys(function_request_id=context.aws_request_id)
    with runtime.database.connect_patiently(PATIENCE_SECONDS) as connection:
        try:
            return _done(runtime.logger, connection, request)
        except KeyRefusedError as error:
            return {"error": f"nothing was done: {error}"}


def _done(logger: Logger, connection: Connection[Any], request: _Create | _List | _Revoke) -> dict[str, Any]:
    match request:
        case _Create():
            secret, key = key_store.create(
                connection,
                request.name,
                expires_in_days=request.expires_in_days,
                successor_of=request.successor_of,
            )
            logger.info("key created", extra={"key_id": key.id, "key_name": key.name})
            return {"key": _shown(key), "secret": secret.text}
        case _Revoke():
            key = key_store.revoke(connection, request.id)
            logger.info("key revoked", extra={"key_id": key.id, "key_name": key.name})
            return {"key": _shown(key), "refused_within_seconds": KNOWN_SECONDS}
        case _List():
            return {"keys": [_shown(key) for key in key_store.listed(connection)]}


def _shown(key: ListedKey) -> dict[str, Any]:
    times = ("created_at", "expires_at", "revoked_at", "last_used_at")
    found = {name: getattr(key, name) for name in times}
    return {"id": key.id, "name": key.name, "owner": key.owner} | {
        name: time.isoformat(timespec="seconds") if time else None for name, time in found.items()
    }


def _explained(error: ValidationError) -> str:
    faults = []
    for fault in error.errors(include_url=False, include_context=False):
        name = ".".join(str(part) for part in fault["loc"][1:]) or "the event"
        faults.append(f"{name} is {fault['input']!r}: {fault['msg']}")
    return (
        f'nothing was done: {"; ".join(faults)}. Allowed are {{"action": "create", "name": "shop"}}, with '
        f"expires_in_days (1 to {MOST_DAYS}) and successor_of (an id) where wanted, "
        '{"action": "list"} and {"action": "revoke", "id": "…"}'
    )
