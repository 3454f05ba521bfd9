"""The producer's side of the queue."""

from typing import TYPE_CHECKING
from uuid import UUID

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from services.aws import bounded
from services.failures import UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# What a request can afford to wait; the client is told to come back instead.
_TIMEOUT_SECONDS = 2


class QueueUnavailableError(UnavailableError):
    """The queue did not take the message, or does not answer."""


class Queue:
    """Sends messages. Safe to share between threads; `connections` of them send at the same time."""

    def __init__(self, url: str, region: str, *, connections: int = 10) -> None:
        self._url = url
        self._client: SQSClient = boto3.client(
            "sqs", region_name=region, config=bounded(timeout_seconds=_TIMEOUT_SECONDS, connections=connections)
        )

    def send(self, message_id: UUID, body: str) -> None:
        """Puts one message on the queue. Raises QueueUnavailableError; the message may have arrived even so."""
        try:
            if self._url.endswith(".fifo"):
                # A group of its own: notifications need no order among each other.
                self._client.send_message(
                    QueueUrl=self._url,
                    MessageBody=body,
                    MessageGroupId=str(message_id),
                    MessageDeduplicationId=str(message_id),
                )
            else:
                self._client.send_message(QueueUrl=self._url, MessageBody=body)
        except (BotoCoreError, ClientError) as error:
            raise QueueUnavailableError(f"the queue did not take the message: {error}") from error

    def check(self) -> None:
        """Raises QueueUnavailableError unless the queue exists and may be used."""
        try:
            self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        except (BotoCoreError, ClientError) as error:
            raise QueueUnavailableError(f"the queue does not answer: {error}") from error
