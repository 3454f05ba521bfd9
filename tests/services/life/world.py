"""What the stories are about, and what is true of it at any time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from unittest.mock import patch
from uuid import UUID

import boto3
import psycopg
from hypothesis.stateful import RuleBasedStateMachine, invariant

from services.database import Database
from services.dead_letters import DeadLetterQueue
from services.intake import Intake
from services.queue import Queue
from services.secret_values import SecretValues
from services.settings import DatabaseUrl
from tests.services.life.connection import Commit, Fragile
from tests.services.life.delivering import Delivering, Tally, notification_of
from tests.services.life.sqs import DEAD_LETTER_URL, QUEUE_URL, Sent, Sqs
from tests.support.postgres import TestDatabase

MALFORMED = ("no JSON", "{}", '{"id": "7"}')


class World(RuleBasedStateMachine):
    """Everything between the request and the delivery: real code on a real database, and a model of the queue."""

    database: ClassVar[TestDatabase]

    def __init__(self) -> None:
        super().__init__()
        self.sqs = Sqs()
        self.tally = Tally()
        # What was accepted, and under which key; what other producers queued; and when what was sent was sent.
        self.accepted: dict[UUID, str] = {}
        self.keys: dict[str, UUID] = {}
        self.foreign: set[UUID] = set()
        self.sent: dict[UUID, object] = {}
        self.malformed = 0
        self.next_commit_ends = Commit.DONE
        self.connection = Fragile.connect(self.database.url, autocommit=True)
        self.connection.execute("TRUNCATE notifications, outbox")
        self.intake = Intake(self.connect)
        server = Database(DatabaseUrl(DATABASE_URL=self.database.url), SecretValues(), application_name="worker")
        with patch.object(boto3, "client", return_value=self.sqs):
            self.queue = Queue(QUEUE_URL)
            self.letters = DeadLetterQueue(DEAD_LETTER_URL)
            self.workers = [Delivering(server, self.sqs, self.tally) for _ in range(2)]

    @contextmanager
    def connect(self) -> Iterator[psycopg.Connection[Any]]:
        if self.connection.closed:
            self.connection = Fragile.connect(self.database.url, autocommit=True)
            self.connection.commit_ends = self.next_commit_ends
        yield self.connection

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query.encode()).fetchall()

    def stored(self) -> set[UUID]:
        return {notification for (notification,) in self.rows("SELECT id FROM notifications")}

    def wanted(self) -> list[Sent]:
        """What is on the queue and no rubbish."""
        return [each for each in self.sqs.messages if notification_of(each.body)]

    def time_passes(self, seconds: float) -> None:
        self.sqs.now += seconds
        past = (seconds,)
        self.connection.execute(
            "UPDATE notifications SET claimed_until = claimed_until - make_interval(secs=>%s)", past
        )
        self.connection.execute("UPDATE outbox SET due_at = due_at - make_interval(secs=>%s)", past)

    def receive(self, most: int) -> list[Sent]:
        """Waits for the next message, if there is one."""
        soonest = min((each.visible_at for each in self.sqs.messages), default=0)
        if soonest > self.sqs.now:
            self.time_passes(soonest - self.sqs.now)
        return self.sqs.receive(most)

    @invariant()
    def is_accounted_for(self) -> None:
        found = self.rows("SELECT id, body, status, attempts, last_error, sent_at, idempotency_key FROM notifications")
        leaving = {UUID(notification) for (notification,) in self.rows("SELECT payload->>'id' FROM outbox")}
        queued = {notification_of(each.body) for each in self.sqs.messages}
        dead = {notification_of(each.body) for each in self.sqs.dead}
        assert self.accepted.keys() <= {row[0] for row in found} <= self.accepted.keys() | self.foreign
        assert {row[6]: row[0] for row in found if row[6]} == self.keys
        for notification, body, status, attempts, error, sent_at, _ in found:
            on_its_way = notification in leaving | queued
            assert body == self.accepted.get(notification, body)
            assert attempts == self.tally.attempts[notification]
            assert self.tally.delivered[notification] == self.tally.unrecorded[notification] + (status == "sent")
            assert (status == "sent") == (sent_at is not None)
            assert self.sent.get(notification, sent_at) == sent_at
            if status == "queued":
                assert on_its_way or (notification in dead and notification in self.tally.stranded)
            elif status == "failed":
                assert error
                assert on_its_way or notification in dead
            else:
                self.sent[notification] = sent_at
        assert sum(each.body in MALFORMED for each in (*self.sqs.dead, *self.sqs.messages)) >= self.malformed
