"""A queue and its dead-letter queue as SQS keeps them, by a clock that tests advance."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from botocore.exceptions import EndpointConnectionError

MAX_RECEIVES = 5
# Six timeouts of the function, as the app configures it.
VISIBILITY_SECONDS = 120
QUEUE_URL = "http://sqs/000000000000/life"
DEAD_LETTER_URL = "http://sqs/000000000000/life-dead"
_ARN = "arn:aws:sqs:us-east-1:000000000000:life"


@dataclass(eq=False, slots=True)
class Sent:
    """A message on one of the queues."""

    body: str
    visible_at: float
    receives: int = 0
    id: str = field(default_factory=lambda: uuid4().hex)

    def record(self) -> dict[str, Any]:
        """The message as Lambda hands it over."""
        return {
            "messageId": self.id,
            "receiptHandle": self.id,
            "body": self.body,
            "attributes": {"ApproximateReceiveCount": str(self.receives)},
            "eventSourceARN": _ARN,
        }


class Sqs:
    """Stands for the SDK's client, with what the app asks of it.

    away: no request arrives. loses_answers: they arrive, but that is not told. refuses: whether the entry at a position
    is refused.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.messages: list[Sent] = []
        self.dead: list[Sent] = []
        self.away = False
        self.loses_answers = False
        self.refuses: frozenset[int] = frozenset()

    def send(self, body: str) -> Sent:
        """Puts a message on the queue."""
        sent = Sent(body, self.now)
        self.messages.append(sent)
        return sent

    def receive(self, most: int) -> list[Sent]:
        """Hands over up to so many messages that are not hidden, and hides them.

        One that has been handed over as often as allowed goes to the dead-letter queue instead.
        """
        taken: list[Sent] = []
        for message in [each for each in self.messages if each.visible_at <= self.now]:
            if len(taken) == most:
                break
            if message.receives >= MAX_RECEIVES:
                self.messages.remove(message)
                self._bury(message.body)
                continue
            message.receives += 1
            message.visible_at = self.now + VISIBILITY_SECONDS
            taken.append(message)
        return taken

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        """Takes the entries, but for those it refuses."""
        self._arrive()
        successful, failed = [], []
        for position, entry in enumerate(request["Entries"]):
            if position in self.refuses:
                failed.append({"Id": entry["Id"], "Code": "InternalError", "SenderFault": False})
            else:
                successful.append({"Id": entry["Id"], "MessageId": self.send(entry["MessageBody"]).id})
        self._answer()
        return {"Successful": successful, "Failed": failed}

    def send_message(self, **request: Any) -> dict[str, Any]:
        """Takes a message for the dead-letter queue."""
        assert request["QueueUrl"] == DEAD_LETTER_URL
        self._arrive()
        self._bury(request["MessageBody"])
        self._answer()
        return {}

    def change_message_visibility_batch(self, **request: Any) -> dict[str, Any]:
        """Hides messages for as long as their entries say."""
        self._arrive()
        hidden = {entry["ReceiptHandle"]: entry["VisibilityTimeout"] for entry in request["Entries"]}
        for message in self._of(request):
            if message.id in hidden:
                message.visible_at = self.now + hidden[message.id]
        self._answer()
        return {}

    def receive_message(self, **request: Any) -> dict[str, Any]:
        """Hands over messages of the dead-letter queue, and hides them."""
        assert request["QueueUrl"] == DEAD_LETTER_URL
        self._arrive()
        visible = [each for each in self.dead if each.visible_at <= self.now]
        taken = visible[: request["MaxNumberOfMessages"]]
        for message in taken:
            message.visible_at = self.now + request["VisibilityTimeout"]
        self._answer()
        return {"Messages": [{"MessageId": each.id, "ReceiptHandle": each.id, "Body": each.body} for each in taken]}

    def delete_message_batch(self, **request: Any) -> dict[str, Any]:
        """Deletes messages of the dead-letter queue."""
        assert request["QueueUrl"] == DEAD_LETTER_URL
        self._arrive()
        handles = {entry["ReceiptHandle"] for entry in request["Entries"]}
        self.dead = [each for each in self.dead if each.id not in handles]
        self._answer()
        return {}

    def _of(self, request: dict[str, Any]) -> list[Sent]:
        return self.dead if request["QueueUrl"] == DEAD_LETTER_URL else self.messages

    def _bury(self, body: str) -> None:
        self.dead.append(Sent(body, self.now))

    def _arrive(self) -> None:
        if self.away:
            raise EndpointConnectionError(endpoint_url=QUEUE_URL)

    def _answer(self) -> None:
        if self.loses_answers:
            raise EndpointConnectionError(endpoint_url=QUEUE_URL)
