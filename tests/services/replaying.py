"""Notifications that failed, and what is to be sent again: what the tests of replaying share."""

from typing import Any
from uuid import UUID, uuid4

from services import store
from services.intake import QUEUED
from services.messages import Channel, Message
from services.store import Due, Outcome, Status
from tests.support.postgres import TestDatabase


def message(channel: Channel = Channel.SMS, body: str = "World") -> Message:
    recipient = {Channel.SMS: "+14155550123", Channel.EMAIL: "ada@example.com"}[channel]
    return Message(id=uuid4(), channel=channel, recipient=recipient, body=body)


def failed(database: TestDatabase, *messages: Message) -> list[UUID]:
    """Notifications that failed one after the other, each three days later than the one before, the last one now."""
    wanted = messages or (message(),)
    with database.connect() as connection:
        for age, each in enumerate(reversed(wanted)):
            outcome = Outcome(message=each, status=Status.FAILED, attempts=2, last_error="410 Gone")
            store.record(connection, [outcome])
            connection.execute(
                "UPDATE notifications SET created_at = created_at - make_interval(days => %(days)s),"
                " updated_at = updated_at - make_interval(days => %(days)s) WHERE id = %(id)s",
                {"days": 3 * age, "id": each.id},
            )
    return [each.id for each in wanted]


def claimed(database: TestDatabase, wanted: Message, *, seconds: float, last: bool = False) -> None:
    with database.connect() as connection:
        store.claim(connection, [Due(message=wanted, last=last)], by=uuid4(), seconds=seconds)


def statuses(database: TestDatabase) -> list[tuple[Any, ...]]:
    return database.rows("SELECT status, attempts, last_error FROM notifications ORDER BY created_at")


def to_be_queued(database: TestDatabase) -> list[dict[str, Any]]:
    rows = database.rows("SELECT topic, payload FROM outbox ORDER BY position")
    assert {topic for topic, _ in rows} <= {QUEUED}
    return [payload for _, payload in rows]


def ids_to_be_queued(database: TestDatabase) -> list[UUID]:
    return [UUID(payload["id"]) for payload in to_be_queued(database)]
