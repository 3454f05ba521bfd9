"""The life of notifications, whatever happens in whichever order.

Hypothesis makes up the stories and shortens one that goes wrong. Every run tells the same; others are told with
`LIFE_STORIES=2000 pytest tests/services/test_life.py`, at random.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from unittest.mock import patch
from uuid import UUID, uuid4

import boto3
import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from services import outbox
from services.database import Database
from services.intake import Intake, KeyReusedError
from services.messages import Channel, Content, Message
from services.outbox import PublishingError
from services.queue import BATCH, Queue
from services.secret_values import SecretValues
from services.settings import DatabaseUrl
from tests.services.life.connection import Commit, Fragile
from tests.services.life.delivering import SECONDS, Delivering, Fault, Tally, Verdict, notification_of
from tests.services.life.sqs import MAX_RECEIVES, QUEUE_URL, VISIBILITY_SECONDS, Sent, Sqs
from tests.support.postgres import TestDatabase

STORIES = int(os.environ.get("LIFE_STORIES", "0"))

MALFORMED = ("no JSON", "{}", '{"id": "7"}')
keys = st.none() | st.sampled_from(["one", "two", "three"])
bodies = st.sampled_from(["Hello", "World"])
commits = st.just(Commit.DONE) | st.sampled_from(Commit)
faults = st.just(Fault.NONE) | st.sampled_from(Fault)
verdicts = st.lists(st.sampled_from(Verdict), min_size=1, max_size=4)
rarely = st.sampled_from([False, False, False, True])


def content(body: str) -> Content:
    return Content(channel=Channel.SMS, recipient="+14155550123", body=body)


class Life(RuleBasedStateMachine):
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
        self.connection = Fragile.connect(self.database.url, autocommit=True)
        self.connection.execute("TRUNCATE notifications, outbox")
        self.intake = Intake(self.connect)
        server = Database(DatabaseUrl(DATABASE_URL=self.database.url), SecretValues(), application_name="worker")
        with patch.object(boto3, "client", return_value=self.sqs):
            self.queue = Queue(QUEUE_URL)
            self.workers = [Delivering(server, self.sqs, self.tally) for _ in range(2)]

    @contextmanager
    def connect(self) -> Iterator[psycopg.Connection[Any]]:
        yield self.connection

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query.encode()).fetchall()

    def stored(self) -> set[UUID]:
        return {notification for (notification,) in self.rows("SELECT id FROM notifications")}

    @rule(key=keys, body=bodies, commit=commits)
    def accept(self, key: str | None, body: str, commit: Commit) -> None:
        """A client that hears of nothing repeats its request, if it has a key."""
        first = self.keys.get(key) if key else None
        before = self.stored()
        try:
            accepted = self.accept_once(key, body, commit)
        except psycopg.OperationalError:
            assert commit is not Commit.DONE
            assert len(self.stored() - before) == (commit is Commit.UNKNOWN and first is None)
            if key is None:
                self.accepted.update(dict.fromkeys(self.stored() - before, body))
                return
            accepted = self.accept_once(key, body, Commit.DONE)
        if first:
            assert accepted == (first if self.accepted[first] == body else None)
        else:
            assert accepted is not None
            assert self.stored() - before == {accepted}
            self.accepted[accepted] = body
            if key:
                self.keys[key] = accepted

    def accept_once(self, key: str | None, body: str, commit: Commit) -> UUID | None:
        self.connection.commit_ends = commit
        try:
            return self.intake.accept(content(body), key).id
        except KeyReusedError:
            return None
        finally:
            self.connection.commit_ends = Commit.DONE

    @rule(
        batch=st.integers(1, BATCH),
        refuses=st.frozensets(st.integers(0, 3)),
        loses_answers=rarely,
        away=rarely,
        commit=commits,
    )
    def relay(self, *, batch: int, refuses: frozenset[int], loses_answers: bool, away: bool, commit: Commit) -> None:
        self.sqs.refuses, self.sqs.loses_answers, self.sqs.away = refuses, loses_answers, away
        self.connection.commit_ends = commit
        try:
            outbox.relay(self.connect, self.queue.publish, batch)
        except PublishingError:
            assert loses_answers or away
        except psycopg.OperationalError:
            assert commit is not Commit.DONE
        finally:
            self.sqs.refuses, self.sqs.loses_answers, self.sqs.away = frozenset(), False, False
            self.connection.commit_ends = Commit.DONE

    @rule(body=bodies | st.sampled_from(MALFORMED))
    def queue_from_elsewhere(self, body: str) -> None:
        if body in MALFORMED:
            self.sqs.send(body)
            self.malformed += 1
            return
        message = Message(id=uuid4(), **content(body).model_dump())
        self.foreign.add(message.id)
        self.sqs.send(message.to_json())

    def wanted(self) -> list[Sent]:
        """What is on the queue and no rubbish."""
        return [each for each in self.sqs.messages if notification_of(each.body)]

    @precondition(lambda self: self.wanted())
    @rule(which=st.integers(0, 100))
    def duplicate(self, which: int) -> None:
        wanted = self.wanted()
        self.sqs.send(wanted[which % len(wanted)].body)

    @precondition(lambda self: self.wanted())
    @rule(which=st.integers(0, 100), receives=st.sampled_from(range(MAX_RECEIVES - 1, 0, -1)))
    def was_handed_over_in_vain(self, which: int, receives: int) -> None:
        """As by functions that were throttled."""
        wanted = self.wanted()
        message = wanted[which % len(wanted)]
        message.receives = max(message.receives, receives)

    @rule(seconds=st.sampled_from([1, 5, SECONDS, VISIBILITY_SECONDS, 900]))
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

    @precondition(lambda self: self.sqs.messages)
    @rule(most=st.integers(1, 5), verdicts=verdicts, fault=faults, away=rarely, loses_answers=rarely)
    def handle(self, *, most: int, verdicts: list[Verdict], fault: Fault, away: bool, loses_answers: bool) -> None:
        self.sqs.away, self.sqs.loses_answers = away, loses_answers
        self.workers[0].handle(self.receive(most), verdicts, fault)
        self.sqs.away = self.sqs.loses_answers = False

    @precondition(lambda self: self.wanted())
    @rule(most=st.integers(1, 3), verdicts=verdicts, fault=faults, others=verdicts, fault_of_other=faults, late=rarely)
    def handle_copies_at_the_same_time(
        self,
        *,
        most: int,
        verdicts: list[Verdict],
        fault: Fault,
        others: list[Verdict],
        fault_of_other: Fault,
        late: bool,
    ) -> None:
        """late: the first worker is held up so long that its claims end, and yet goes on."""
        one, other = self.workers
        batch = self.receive(most)
        for each in batch:
            self.sqs.send(each.body)

        def meanwhile() -> None:
            if late:
                self.time_passes(SECONDS)
            other.handle(self.sqs.receive(10), others, fault_of_other)

        one.handle(batch, verdicts, fault, meanwhile, late=late)

    @invariant()
    def is_accounted_for(self) -> None:
        found = self.rows("SELECT id, body, status, attempts, last_error, sent_at, idempotency_key FROM notifications")
        leaving = {UUID(notification) for (notification,) in self.rows("SELECT payload->>'id' FROM outbox")}
        queued = {notification_of(each.body) for each in self.sqs.messages}
        dead = {notification_of(body) for body in self.sqs.dead}
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
        bodies = [*self.sqs.dead, *(each.body for each in self.sqs.messages)]
        assert sum(body in MALFORMED for body in bodies) >= self.malformed

    def drain(self) -> None:
        """Nothing fails any more."""
        while self.rows("SELECT id FROM outbox"):
            self.time_passes(900)
            self.relay(batch=BATCH, refuses=frozenset(), loses_answers=False, away=False, commit=Commit.DONE)
        while self.sqs.messages:
            self.handle(most=10, verdicts=[Verdict.DELIVERED], fault=Fault.NONE, away=False, loses_answers=False)

    def teardown(self) -> None:
        try:
            if sys.exception():
                # It went wrong before: that is what is to be told.
                return
            self.drain()
            self.is_accounted_for()
            self.redrive()
            self.drain()
            self.is_accounted_for()
            ended = self.rows("SELECT id, status FROM notifications")
            assert {status for _, status in ended} <= {"sent", "failed"}
            assert {notification for notification, _ in ended} == self.accepted.keys() | self.foreign
        finally:
            self.connection.close()
            for worker in self.workers:
                worker.close()

    def redrive(self) -> None:
        """What a person does with messages that nobody could look at for the last time."""
        for body in [each for each in self.sqs.dead if notification_of(each) in self.tally.stranded]:
            self.sqs.dead.remove(body)
            self.sqs.send(body)


def test_whatever_happens_each_notification_is_sent_once_or_has_failed(
    database: TestDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    # A story that goes wrong is told in full: what was logged in all those before is not to stand beside it.
    caplog.set_level(logging.CRITICAL)
    run_state_machine_as_test(
        type("Life", (Life,), {"database": database}),
        settings=settings(
            max_examples=STORIES or 100,
            stateful_step_count=50,
            derandomize=not STORIES,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
