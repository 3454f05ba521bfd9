"""Sends again what failed, or is in the dead-letter queue, when a person calls `handler`."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from psycopg import Connection, Error
from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError

from services import outbox, store_replay
from services.database import Database
from services.dead_letters import DeadLetterQueue
from services.failures import UnavailableError
from services.logs import configure_logging
from services.messages import Channel
from services.outbox import PublishingError
from services.queue import BATCH, Queue
from services.replay import DEFAULT_REPLAY, MAX_REPLAY, LetterCounts, Replayed, replay_failed, replay_letters
from services.secret_values import SecretValues
from services.settings import ReplaySettings
from services.store_replay import Selection

# Kept back for the last batch: requests to SQS, and the transaction around them.
RESERVE_SECONDS = 20
# Kept back, besides, for putting on the queue what was read from the other one.
QUEUING_SECONDS = 10
# As long as a database may take to resume from a pause.
PATIENCE_SECONDS = 20

_Switch = Annotated[bool, Strict()]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: Annotated[int, Strict(), Field(ge=1, le=MAX_REPLAY)] = DEFAULT_REPLAY
    channel: Channel | None = None
    failed: _Switch = True
    dlq: _Switch = True


@dataclass(frozen=True, slots=True)
class _Runtime:
    database: Database
    queue: Queue
    dead_letters: DeadLetterQueue
    other_producers: bool
    logger: Logger


@cache
def _runtime() -> _Runtime:
    """Made at the first call, kept while the environment is warm."""
    settings = ReplaySettings.from_environment(os.environ)
    return _Runtime(
        database=Database(settings.database, SecretValues(), application_name=settings.powertools_service_name),
        queue=Queue(settings.queue_url),
        dead_letters=DeadLetterQueue(settings.dlq_url),
        other_producers=settings.other_producers,
        logger=configure_logging(settings.powertools_service_name, settings.log_level),
    )


def handler(event: dict[str, Any] | None, context: LambdaContext) -> dict[str, Any]:
    """Sends up to `limit` notifications again, those of the dead-letter queue first; tells of what it found.

    event: `limit` (1 to 1000, 100 without it), `channel` (one only), `failed` and `dlq` (whether to look in the
    database and in the dead-letter queue). With anything else in it nothing is done, and `error` is answered.
    Raises DatabaseUnavailableError, DeadLettersUnavailableError and psycopg.Error, after what was found by then has
    been put on the queue; called again, it goes on.
    """
    try:
        request = _Request.model_validate({} if event is None else event)
    except ValidationError as error:
        return {"error": _explained(error)}
    runtime = _runtime()
    runtime.logger.append_keys(function_request_id=context.aws_request_id)

    def seconds() -> float:
        return context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS

    with runtime.database.connect_patiently(min(seconds(), PATIENCE_SECONDS)) as connection:
        try:
            found = _queue_again(runtime, connection, request, seconds)
        except (Error, UnavailableError):
            # What has come into the outbox by then leaves all the same. Told is the error, not what follows from it.
            with suppress(Error, UnavailableError):
                _relay(runtime, connection, seconds)
            raise
        answer = {**found, "left_in_outbox": _relay(runtime, connection, seconds)}
    runtime.logger.info("replayed", extra=answer)
    return answer


def _queue_again(
    runtime: _Runtime, connection: Connection[Any], request: _Request, seconds: Callable[[], float]
) -> dict[str, Any]:
    """Brings into the outbox what is to be sent again; the figures of the answer."""
    overdue = store_replay.give_up_overdue(connection)
    letters, failed = LetterCounts(), Replayed(ids=[], more=False)
    if request.dlq:
        letters = replay_letters(
            connection,
            runtime.dead_letters,
            limit=request.limit,
            seconds=seconds() - QUEUING_SECONDS,
            channel=request.channel,
            other_producers=runtime.other_producers,
        )
    if request.failed:
        failed = replay_failed(
            connection,
            Selection(channel=request.channel),
            request.limit - letters.queued,
            seconds=seconds() - QUEUING_SECONDS,
        )
    return {
        "from_dlq": letters.queued,
        "settled": letters.settled,
        "busy": letters.busy,
        "malformed": letters.malformed,
        "failed": len(failed.ids),
        "more": failed.more,
        "overdue": overdue,
    }


def _relay(runtime: _Runtime, connection: Connection[Any], seconds: Callable[[], float]) -> int:
    """Puts on the queue what is in the outbox; how much is left there."""
    if connection.closed:
        with runtime.database.connect(Connection.connect) as another:
            return _relay(runtime, another, seconds)
    try:
        outbox.relay_all(connection, runtime.queue.publish, BATCH, seconds=seconds(), ordered=runtime.queue.ordered)
    except PublishingError as error:
        # Nothing is lost: it leaves as soon as the queue is back, and the answer says how much waits.
        runtime.logger.warning("not all could be queued", extra={"reason": str(error)})
    return outbox.backlog(connection).events


def _explained(error: ValidationError) -> str:
    faults = []
    for fault in error.errors(include_url=False, include_context=False):
        name = ".".join(str(part) for part in fault["loc"]) or "the event"
        faults.append(f"{name} is {fault['input']!r}: {fault['msg']}")
    return (
        f"nothing was done: {'; '.join(faults)}. Allowed are limit (1 to {MAX_REPLAY}), channel "
        f"({', '.join(Channel)}), failed and dlq (true or false); for example "
        f'{{"limit": {DEFAULT_REPLAY}, "channel": "{Channel.EMAIL}"}}'
    )
