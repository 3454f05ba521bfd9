"""Delivers a batch of notifications from the queue. Lambda's event source mapping calls `handler`."""

import os
from dataclasses import dataclass
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from services.channels import build_channels
from services.database import Database, WarmConnection
from services.logs import configure_logging
from services.receiving import ConsumedQueue
from services.secret_values import SecretValues
from services.settings import WorkerSettings
from services.worker import STATEMENT_SECONDS, BatchReport, Worker

# Kept back for the answer to Lambda.
RESERVE_SECONDS = 3
_METRICS = {
    "sent": "NotificationsSent",
    "skipped": "NotificationsSkipped",
    "failed": "NotificationsFailed",
    "retried": "NotificationsRetried",
    "malformed": "MessagesMalformed",
}


class ReturnedToQueueError(Exception):
    """The message is to be handed over again."""


@dataclass(frozen=True, slots=True)
class _Runtime:
    worker: Worker
    logger: Logger
    metrics: Metrics


@cache
def _runtime() -> _Runtime:
    """Made at the first call, kept while the environment is warm."""
    settings = WorkerSettings.from_environment(os.environ)
    secrets = SecretValues()
    database = Database(
        settings.database,
        secrets,
        application_name=settings.powertools_service_name,
        statement_timeout_seconds=STATEMENT_SECONDS,
    )
    return _Runtime(
        worker=Worker(
            connection=WarmConnection(database),
            channels=build_channels(settings, secrets),
            queue=ConsumedQueue(settings.dlq_url),
            max_receive_count=settings.max_receive_count,
            longest_delay_seconds=settings.longest_delay_seconds,
            other_producers=settings.other_producers,
        ),
        logger=configure_logging(settings.powertools_service_name, settings.log_level),
        metrics=Metrics(),
    )


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers with the messages that are to be handed over again; all others are done with."""
    runtime = _runtime()
    runtime.logger.append_keys(function_request_id=context.aws_request_id)
    seconds = context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
    report = runtime.worker.handle(event["Records"], seconds=seconds)
    _count(runtime.metrics, report)

    def verdict(record: SQSRecord) -> None:
        if reason := report.returned.get(record.message_id):
            raise ReturnedToQueueError(reason)

    # A batch that failed as a whole is answered like any other: raising would hide the outcome from nobody, and
    # count as an error of the function what is one of a receiver.
    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return dict(process_partial_response(event=event, record_handler=verdict, processor=processor, context=context))


def _count(metrics: Metrics, report: BatchReport) -> None:
    for key, name in _METRICS.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=report.counts[key])
    metrics.flush_metrics()
