"""Puts on the queue what the API has left in its outbox, whenever a schedule calls `handler`.

The API does so itself, at once. What stays behind is what it could not: its last task was killed, or the queue is away.
And ends as failed what was queued and comes no more: its last receive met no database, or it expired in the queue.
"""

import os
from dataclasses import dataclass
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from psycopg import Connection

from services import outbox, store_replay
from services.database import Database
from services.logs import configure_logging
from services.queue import BATCH, Queue
from services.secret_values import SecretValues
from services.settings import SweeperSettings

# Kept back for the last batch: requests to SQS, and the transaction around them.
_RESERVE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class _Runtime:
    database: Database
    queue: Queue
    logger: Logger
    metrics: Metrics


@cache
def _runtime() -> _Runtime:
    """Made at the first call, kept while the environment is warm."""
    settings = SweeperSettings.from_environment(os.environ)
    return _Runtime(
        database=Database(settings.database, SecretValues(), application_name=settings.powertools_service_name),
        queue=Queue(settings.queue_url),
        logger=configure_logging(settings.powertools_service_name, settings.log_level),
        metrics=Metrics(),
    )


def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, float]:
    """Answers with how much waited, in messages and seconds, with how much still does, and with what was given up.

    Raises PublishingError, DatabaseUnavailableError and psycopg.Error: each counts as an error of the function, and the
    next call tries again.
    """
    runtime = _runtime()
    runtime.logger.append_keys(function_request_id=context.aws_request_id)
    with runtime.database.connect(Connection.connect) as connection:
        found = outbox.backlog(connection)
        overdue = store_replay.give_up_overdue(connection)
        runtime.metrics.add_metric(name="OutboxMessages", unit=MetricUnit.Count, value=found.events)
        runtime.metrics.add_metric(name="OutboxAge", unit=MetricUnit.Seconds, value=found.oldest_seconds)
        runtime.metrics.add_metric(name="NotificationsOverdue", unit=MetricUnit.Count, value=overdue)
        runtime.metrics.flush_metrics()
        seconds = context.get_remaining_time_in_millis() / 1000 - _RESERVE_SECONDS
        outbox.relay_all(connection, runtime.queue.publish, BATCH, seconds=seconds, ordered=runtime.queue.ordered)
        left = outbox.backlog(connection)
    answer = {
        "found": found.events,
        "oldest_seconds": found.oldest_seconds,
        "left": left.events,
        "overdue": overdue,
    }
    runtime.logger.info("swept", extra=answer)
    return answer
