"""The consumer's side of the queue: what a function is handed, and what becomes of what it cannot deliver."""

import logging
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from services.aws import bounded
from services.text import excerpt

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 2
_FIRST_DELAY_SECONDS = 5
MAX_DELAY_SECONDS = 900
# Spreads the retries of messages that failed together.
_JITTER = 0.1
_OUTAGE_DELAYS_SECONDS = (_FIRST_DELAY_SECONDS, 60, 300, MAX_DELAY_SECONDS)
# SQS takes ten entries in one call.
_BATCH = 10
_MAX_REASON_CHARACTERS = 500


class ParkingError(Exception):
    """The dead-letter queue did not take a message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One message as Lambda hands it over. group_id: the message group, in a FIFO queue."""

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    queue_arn: str
    group_id: str | None

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """Raises ValueError for a record without messageId: reported as failed, it would stand for no message."""
        message_id = record.get("messageId")
        if not message_id:
            raise ValueError("an event record has no messageId: the batch cannot be answered in part")
        attributes = record.get("attributes", {})
        return cls(
            message_id=message_id,
            receipt_handle=record.get("receiptHandle", ""),
            body=record.get("body") or "",
            receive_count=int(attributes.get("ApproximateReceiveCount", 1)),
            queue_arn=record.get("eventSourceARN", ""),
            group_id=attributes.get("MessageGroupId"),
        )


def retry_delay_seconds(receive_count: int, retry_after_seconds: int = 0) -> int:
    """How long a message that failed stays hidden: 5 s, doubled with each receive, at most 15 minutes, ± 10 %.

    Longer, within the same bound, if the other side asked for it.
    """
    doublings = min(receive_count - 1, 10)
    delay = _FIRST_DELAY_SECONDS * 2.0**doublings * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  # no secret
    return min(max(round(delay), retry_after_seconds), MAX_DELAY_SECONDS)


def outage_delay_seconds(receive_count: int) -> int:
    """How long a message stays hidden while the database is away: 5 s, then 1, 5 and 15 minutes.

    Together longer than a failover or a restart takes, so that an outage does not use up the receives of a message
    that nothing is wrong with.
    """
    return _OUTAGE_DELAYS_SECONDS[min(receive_count, len(_OUTAGE_DELAYS_SECONDS)) - 1]


class ConsumedQueue:
    """Parks and delays messages of the queue whose dead-letter queue is given. Safe to share between threads."""

    def __init__(self, dead_letter_url: str) -> None:
        self._dead_letter_url = dead_letter_url
        # One attempt: what could not be parked or delayed comes back by itself.
        self._client: SQSClient = boto3.client("sqs", config=bounded(timeout_seconds=TIMEOUT_SECONDS, attempts=1))

    def park(self, record: Record, reason: str) -> None:
        """Puts the message into the dead-letter queue as it is, with the reason beside it. Raises ParkingError."""
        fifo: dict[str, Any] = {}
        if self._dead_letter_url.endswith(".fifo"):
            fifo = {
                "MessageGroupId": record.group_id or record.message_id,
                "MessageDeduplicationId": record.message_id,
            }
        attributes = {
            "Reason": excerpt(reason, _MAX_REASON_CHARACTERS),
            "SourceMessageId": record.message_id,
            "ReceiveCount": str(record.receive_count),
        }
        try:
            self._client.send_message(
                QueueUrl=self._dead_letter_url,
                # SQS takes no empty body, and hands none over either.
                MessageBody=record.body or "(empty)",
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
                **fifo,
            )
        except (BotoCoreError, ClientError) as error:
            raise ParkingError(f"the dead-letter queue did not take the message: {error}") from error

    def delay(self, records: Iterable[tuple[Record, int]]) -> None:
        """Hides each message for so many seconds. Where that fails, the queue's visibility timeout applies."""
        pending = iter([(record, seconds) for record, seconds in records if record.receipt_handle])
        while batch := list(islice(pending, _BATCH)):
            try:
                answer = self._client.change_message_visibility_batch(
                    QueueUrl=self._url_of(batch[0][0]),
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": record.receipt_handle, "VisibilityTimeout": seconds}
                        for number, (record, seconds) in enumerate(batch)
                    ],
                )
            except (BotoCoreError, ClientError) as error:
                logger.warning("the messages could not be delayed", extra={"reason": str(error)})
                continue
            for entry in answer.get("Failed", []):
                logger.warning(
                    "a message could not be delayed",
                    extra={"message_id": batch[int(entry["Id"])][0].message_id, "reason": entry.get("Message", "")},
                )

    def _url_of(self, record: Record) -> str:
        # Queue and dead-letter queue are of one account and region: their URLs differ in the last parts only.
        *_, account, name = record.queue_arn.split(":")
        origin = self._dead_letter_url.rsplit("/", 2)[0]
        return f"{origin}/{account}/{name}"
