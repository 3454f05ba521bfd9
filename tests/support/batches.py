"""Queue messages as Lambda hands them to a function."""

import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.support.emulator import ACCOUNT, REGION, Aws

_WAIT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Source:
    """A queue with its dead-letter queue, received from as the event source mapping does."""

    aws: Aws
    url: str
    dead_letter_url: str

    @classmethod
    def create(cls, aws: Aws, *, fifo: bool = False) -> "Source":
        attributes = {"FifoQueue": "true"} if fifo else {}
        return cls(aws, aws.queue(**attributes, VisibilityTimeout="30"), aws.queue(**attributes))

    def send(self, *bodies: str, group: str | None = None) -> None:
        """Queues messages."""
        for body in bodies:
            fifo = {"MessageGroupId": group, "MessageDeduplicationId": uuid4().hex} if group else {}
            self.aws.sqs.send_message(QueueUrl=self.url, MessageBody=body, **fifo)  # type: ignore[arg-type]  # texts all

    def receive(self, count: int) -> list[dict[str, Any]]:
        """The records of an event with so many messages."""
        records: list[dict[str, Any]] = []
        deadline = time.monotonic() + _WAIT_SECONDS
        while len(records) < count and time.monotonic() < deadline:
            answer = self.aws.sqs.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
            )
            records += [
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": message["Attributes"],
                    "messageAttributes": {},
                    "md5OfBody": message["MD5OfBody"],
                    "eventSource": "aws:sqs",
                    "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.url.rpartition('/')[2]}",
                    "awsRegion": REGION,
                }
                for message in answer.get("Messages", [])
            ]
        assert len(records) == count, f"{len(records)} messages instead of {count}"
        return records

    @property
    def parked(self) -> dict[str, str]:
        """The bodies in the dead-letter queue with the reason beside each."""
        return {
            message["Body"]: message["MessageAttributes"]["Reason"]["StringValue"]
            for message in self.aws.emulator.messages(self.dead_letter_url)
        }

    def hidden_for(self, record: dict[str, Any]) -> float:
        """For how many seconds a received message stays hidden from now on."""
        [message] = [each for each in self.aws.emulator.messages(self.url) if each["MessageId"] == record["messageId"]]
        return float(message["VisibleAt"]) - time.time()
