"""The producer's side of the queue."""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from services.aws import bounded
from services.events import Event, Publication

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

# Entries and bytes that SQS takes in one request.
BATCH = 10
_MAX_REQUEST_BYTES = 1024 * 1024
_TIMEOUT_SECONDS = 2
# No other request is begun after this time: each may take four times the timeout above, and the transaction around
# them must not be left alone for 15 s.
_BUDGET_SECONDS = 5

_Sending = tuple[Event, str]


class Queue:
    """Sends what is in the outbox to SQS. Not for several threads.

    In a FIFO queue the notifications of one recipient are a message group: they arrive in their order.
    """

    def __init__(self, url: str, region: str | None = None) -> None:
        self._url = url
        self._client: SQSClient = boto3.client(
            "sqs", region_name=region, config=bounded(timeout_seconds=_TIMEOUT_SECONDS)
        )

    @property
    def ordered(self) -> bool:
        """Whether it is a FIFO queue."""
        return self._url.endswith(".fifo")

    def publish(self, events: Sequence[Event]) -> Publication:
        """Sends messages, whose bodies are the payloads; tells which of them SQS has taken.

        A message whose fate is unknown may have arrived all the same. In a FIFO queue nothing is sent past a message
        that was refused.
        """
        deadline = time.monotonic() + _BUDGET_SECONDS
        accepted: set[UUID] = set()
        refused: dict[UUID, str] = {}
        for part in self._requests(events):
            if time.monotonic() > deadline:
                break
            entries = [self._entry(position, *sending) for position, sending in enumerate(part)]
            try:
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            except (BotoCoreError, ClientError) as error:
                fault = f"the queue does not take messages: {error}"
                return Publication(accepted=frozenset(accepted), refused=refused, fault=fault)
            accepted.update(part[int(each["Id"])][0].id for each in answer.get("Successful", ()))
            failed = {part[int(each["Id"])][0].id: _reason(each) for each in answer.get("Failed", ())}
            if failed and self.ordered:
                return Publication(accepted=frozenset(accepted), refused={}, fault=next(iter(failed.values())))
            refused.update(failed)
        return Publication(accepted=frozenset(accepted), refused=refused)

    def _requests(self, events: Sequence[Event]) -> Iterator[list[_Sending]]:
        """Parts that SQS takes as one request each; in a FIFO queue without two messages of one group.

        Of two entries of a group, the second may succeed where the first fails.
        """
        part: list[_Sending] = []
        size, groups = 0, set[str]()
        for event in events:
            body = json.dumps(event.payload, ensure_ascii=False, separators=(",", ":"))
            length, group = len(body.encode()), _group(event.payload)
            full = len(part) == BATCH or size + length > _MAX_REQUEST_BYTES
            if part and (full or (self.ordered and group in groups)):
                yield part
                part, size, groups = [], 0, set()
            part.append((event, body))
            size += length
            groups.add(group)
        if part:
            yield part

    def _entry(self, position: int, event: Event, body: str) -> "SendMessageBatchRequestEntryTypeDef":
        entry: SendMessageBatchRequestEntryTypeDef = {"Id": str(position), "MessageBody": body}
        if self.ordered:
            entry["MessageGroupId"] = _group(event.payload)
            entry["MessageDeduplicationId"] = str(event.id)
        return entry


def _group(payload: dict[str, Any]) -> str:
    # A group's name takes 128 characters, and not all that occur in addresses.
    return hashlib.sha256(f"{payload['channel']} {payload['recipient']}".encode()).hexdigest()


def _reason(entry: Any) -> str:
    return f"SQS refused the message: {entry['Code']} {entry.get('Message', '')}".strip()
