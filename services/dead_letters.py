"""Taking messages out of the dead-letter queue, one batch at a time."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from services.aws import bounded
from services.failures import UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

logger = logging.getLogger(__name__)

# What SQS hands over, or takes, in one request.
BATCH = 10
# For longer than a batch takes to be stored and deleted; what a killed process had is there again soon.
HIDDEN_SECONDS = 30
# With a wait, SQS asks all its servers: an empty answer then means that nothing is there.
_WAIT_SECONDS = 1
_TIMEOUT_SECONDS = 3
# No other request is begun after this time: what it is for happens by itself as well.
_BUDGET_SECONDS = 5


class DeadLettersUnavailableError(UnavailableError):
    """The dead-letter queue cannot be read at present."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """One message of the dead-letter queue, hidden from other readers for HIDDEN_SECONDS."""

    message_id: str
    receipt_handle: str
    body: str


class DeadLetterQueue:
    """Reads the dead-letter queue. Not for several threads."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: SQSClient = boto3.client("sqs", config=bounded(timeout_seconds=_TIMEOUT_SECONDS))

    @property
    def ordered(self) -> bool:
        """Whether it is a FIFO queue: it hands over no message of a group of which another one is hidden."""
        return self._url.endswith(".fifo")

    def receive(self, most: int) -> list[DeadLetter]:
        """Up to `most` messages, BATCH of them at most; none if none is visible.

        Raises DeadLettersUnavailableError.
        """
        try:
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(most, BATCH),
                VisibilityTimeout=HIDDEN_SECONDS,
                WaitTimeSeconds=_WAIT_SECONDS,
            )
        except (BotoCoreError, ClientError) as error:
            raise DeadLettersUnavailableError(f"the dead-letter queue cannot be read: {error}") from error
        return [
            DeadLetter(message_id=each["MessageId"], receipt_handle=each["ReceiptHandle"], body=each["Body"])
            for each in answer.get("Messages", [])
        ]

    def delete(self, letters: Sequence[DeadLetter]) -> None:
        """Deletes messages. One that stays all the same is handed over again: that is logged, and no error.

        Ends with the first request that fails, and begins none after 5 s.
        """

        def send(batch: Sequence[DeadLetter]) -> Any:
            return self._client.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": each.receipt_handle} for number, each in enumerate(batch)
                ],
            )

        self._in_batches(letters, send, fault="a dead letter could not be deleted")

    def release(self, letters: Sequence[DeadLetter]) -> None:
        """Makes messages visible again at once. Where that fails, they are so after HIDDEN_SECONDS.

        Ends with the first request that fails, and begins none after 5 s.
        """

        def send(batch: Sequence[DeadLetter]) -> Any:
            return self._client.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": each.receipt_handle, "VisibilityTimeout": 0}
                    for number, each in enumerate(batch)
                ],
            )

        self._in_batches(letters, send, fault="a dead letter stays hidden for a while")

    def _in_batches(
        self, letters: Sequence[DeadLetter], send: Callable[[Sequence[DeadLetter]], Any], *, fault: str
    ) -> None:
        deadline = time.monotonic() + _BUDGET_SECONDS
        for start in range(0, len(letters), BATCH):
            batch, left = letters[start : start + BATCH], len(letters) - start
            if time.monotonic() >= deadline:
                logger.warning(fault, extra={"letters": left, "reason": "there was no time left"})
                return
            try:
                failed = send(batch).get("Failed", [])
            except (BotoCoreError, ClientError) as error:
                # The others would wait for the same answer, one after the other.
                logger.warning(fault, extra={"letters": left, "reason": str(error)})
                return
            for each in failed:
                extra = {"message_id": batch[int(each["Id"])].message_id, "reason": each.get("Message", each["Code"])}
                logger.warning(fault, extra=extra)
