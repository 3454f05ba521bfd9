"""The life of notifications between the request and the delivery, as a machine whose steps come in any order."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from unittest.mock import patch
from uuid import UUID, uuid4

import boto3
import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services import outbox
from services.database import Database
from services.dead_letters import DeadLetterQueue, DeadLettersUnavailableError
from services.intake import Intake, KeyReusedError
from services.messages import Channel, Content, Message
from services.outbox import PublishingError
from services.queue import BATCH, Queue
from services.replay import replay, replay_failed, replay_letters
from services.secret_values import SecretValues
from services.settings import DatabaseUrl
from services.store_replay import Selection, fail_overdue
from tests.services.life.connection import Commit, Fragile
from tests.services.life.delivering import SECONDS, Delivering, Fault, Tally, Verdict, notification_of
from tests.services.life.sqs import DEAD_LETTER_URL, MAX_RECEIVES, QUEUE_URL, VISIBILITY_SECONDS, Sent, Sqs
from tests.support.postgres import TestDatabase

MALFORMED = ("no JSON", "{}", '{"id": "7"}')
keys = st.none() | st.sampled_from(["one", "two", "three"])
bodies = st.sampled_from(["Hello", "World"])
# Where everything fails, nothing is delivered twice either.
commits = st.sampled_from([*[Commit.DONE] * 3, *Commit])
faults = st.sampled_from([*[Fault.NONE] * len(Fault), *Fault])
verdicts = st.lists(st.sampled_from([*[Verdict.DELIVERED] * 3, *Verdict]), min_size=1, max_size=4)
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
            self.letters = DeadLetterQueue(DEAD_LETTER_URL)
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

    @rule(which=st.integers(0, 100))
    def replay_one(self, which: int) -> None:
        known = list(self.accepted)
        if known:
            replay(self.connection, known[which % len(known)])

    @rule(limit=st.integers(1, 3), commit=commits)
    def replay_several(self, limit: int, commit: Commit) -> None:
        self.connection.commit_ends = commit
        try:
            replay_failed(self.connection, Selection(), limit)
        except psycopg.OperationalError:
            assert commit is not Commit.DONE
        finally:
            self.connection.commit_ends = Commit.DONE

    @rule(limit=st.integers(1, 20), away=rarely, loses_answers=rarely)
    def replay_dead_letters(self, *, limit: int, away: bool, loses_answers: bool) -> None:
        self.sqs.away, self.sqs.loses_answers = away, loses_answers
        try:
            replay_letters(self.connection, self.letters, limit=limit, seconds=10)
        except DeadLettersUnavailableError:
            assert away or loses_answers
        finally:
            self.sqs.away = self.sqs.loses_answers = False

    @rule(hours=st.integers(0, 3))
    def give_up_what_does_not_come_back(self, hours: int) -> None:
        self.time_passes(hours * 3600)
        fail_overdue(self.connection, limit=100)

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
        letters = [each.body for each in (*self.sqs.dead, *self.sqs.messages)]
        assert sum(body in MALFORMED for body in letters) >= self.malformed

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
            # What was handed over for the last time while nobody could write that down waits for somebody.
            self.time_passes(900)
            self.replay_dead_letters(limit=1000, away=False, loses_answers=False)
            self.drain()
            self.is_accounted_for()
            ended = self.rows("SELECT id, status FROM notifications")
            assert {status for _, status in ended} <= {"sent", "failed"}
            assert {notification for notification, _ in ended} == self.accepted.keys() | self.foreign
        finally:
            self.connection.close()
            for worker in self.workers:
                worker.close()
