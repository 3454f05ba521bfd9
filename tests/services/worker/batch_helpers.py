"""What the tests of the worker share."""

from typing import Any
from uuid import UUID, uuid4

from services import store
from services.channels import build_channels
from services.database import Database, WarmConnection
from services.messages import Channel, Message
from services.receiving import ConsumedQueue
from services.secret_values import SecretValues
from services.settings import WorkerSettings
from services.worker import BatchReport, Worker
from tests.support.postgres import TestDatabase
from tests.support.receiver import Answer, Receiver

MAX_RECEIVES = 3
SECONDS = 20.0


def build(settings: WorkerSettings) -> tuple[Worker, WarmConnection]:
    secrets = SecretValues()
    connection = WarmConnection(Database(settings.database, secrets, application_name="worker"))
    worker = Worker(
        connection=connection,
        channels=build_channels(settings, secrets),
        queue=ConsumedQueue(settings.dlq_url),
        max_receive_count=settings.max_receive_count,
        longest_delay_seconds=settings.longest_delay_seconds,
        other_producers=settings.other_producers,
    )
    return worker, connection


class Hooks:
    """Webhook messages to the receiver, which answers each as the test wants."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver

    def message(self, *answers: Answer) -> Message:
        notification_id = uuid4()
        path = f"/{notification_id}"
        if answers:
            self.receiver.answers[path] = list(answers)
        return Message(
            id=notification_id, channel=Channel.WEBHOOK, recipient=self.receiver.url + path, body=f"hunter2 {path}"
        )

    def deliveries(self, message: Message) -> int:
        return len(self.receiver.to(f"/{message.id}"))


OK, REFUSED, BROKEN = Answer(200), Answer(410), Answer(503)


def recorded(database: TestDatabase) -> dict[UUID, tuple[str, int, str | None]]:
    rows = database.rows("SELECT id, status, attempts, last_error FROM notifications")
    return {notification_id: (status, attempts, error) for notification_id, status, attempts, error in rows}


def insert(database: TestDatabase, *messages: Message) -> None:
    with database.connect() as connection:
        for message in messages:
            store.insert(connection, message, None)


def received_again(record: dict[str, Any], count: int) -> dict[str, Any]:
    return {**record, "attributes": {**record["attributes"], "ApproximateReceiveCount": str(count)}}


def returned(report: BatchReport, records: list[dict[str, Any]]) -> list[int]:
    """The positions of the records that go back to the queue."""
    return [number for number, record in enumerate(records) if record["messageId"] in report.returned]
