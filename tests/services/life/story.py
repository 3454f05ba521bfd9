"""The life of notifications between the request and the delivery, as a machine whose steps come in any order."""

import sys
from uuid import UUID, uuid4

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from services import outbox
from services.dead_letters import DeadLettersUnavailableError
from services.intake import KeyReusedError
from services.messages import Channel, Content, Message
from services.outbox import PublishingError
from services.queue import BATCH
from services.replay import replay, replay_failed, replay_letters
from services.store_replay import Selection, fail_overdue
from tests.services.life.connection import Commit
from tests.services.life.delivering import SECONDS, Fault, Verdict
from tests.services.life.sqs import MAX_RECEIVES, VISIBILITY_SECONDS
from tests.services.life.world import MALFORMED, World

keys = st.none() | st.sampled_from(["one", "two", "three"])
bodies = st.sampled_from(["Hello", "World"])
# Where everything fails, nothing is delivered twice either.
commits = st.sampled_from([*[Commit.DONE] * 3, *Commit])
faults = st.sampled_from([*[Fault.NONE] * len(Fault), *Fault])
verdicts = st.lists(st.sampled_from([*[Verdict.DELIVERED] * 3, *Verdict]), min_size=1, max_size=4)
rarely = st.sampled_from([False, False, False, True])


def content(body: str) -> Content:
    return Content(channel=Channel.SMS, recipient="+14155550123", body=body)


class Life(World):
    """What may happen, each with what must come of it."""

    @initialize(count=st.integers(0, 3))
    def begin(self, count: int) -> None:
        """With something on the queue, more happens."""
        for _ in range(count):
            self.accept(key=None, body="Hello", commit=Commit.DONE, twice=False)
        self.relay(batch=BATCH, refuses=frozenset(), loses_answers=False, away=False, commit=Commit.DONE)

    @rule(key=keys, body=bodies, commit=commits, twice=st.booleans())
    def accept(self, key: str | None, body: str, commit: Commit, *, twice: bool) -> None:
        """A client that hears of nothing repeats its request, if it has a key. twice: so ends the second try, too."""
        first = self.keys.get(key) if key else None
        before = self.stored()
        try:
            accepted = self.accept_once(key, body, commit, twice=twice)
        except psycopg.OperationalError:
            assert twice
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

    def accept_once(self, key: str | None, body: str, commit: Commit, *, twice: bool = False) -> UUID | None:
        self.connection.commit_ends = commit
        self.next_commit_ends = commit if twice else Commit.DONE
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

    @precondition(lambda self: self.wanted())
    @rule(which=st.integers(0, 100))
    def duplicate(self, which: int) -> None:
        wanted = self.wanted()
        self.sqs.send(wanted[which % len(wanted)].body)

    @rule(seconds=st.sampled_from([1, 5, SECONDS, VISIBILITY_SECONDS, 900]))
    def wait(self, seconds: float) -> None:
        self.time_passes(seconds)

    @precondition(lambda self: self.sqs.messages)
    @rule(
        most=st.integers(1, 5),
        in_vain=st.sampled_from([0, 0, MAX_RECEIVES - 1]),
        verdicts=verdicts,
        fault=faults,
        away=rarely,
        loses_answers=rarely,
    )
    def handle(
        self, *, most: int, in_vain: int, verdicts: list[Verdict], fault: Fault, away: bool, loses_answers: bool
    ) -> None:
        """in_vain: how often the messages were handed over before, as to functions that were throttled."""
        for each in self.wanted():
            each.receives = max(each.receives, in_vain)
        self.sqs.away, self.sqs.loses_answers = away, loses_answers
        self.workers[0].handle(self.receive(most), verdicts, fault)
        self.sqs.away = self.sqs.loses_answers = False

    @precondition(lambda self: self.wanted())
    @rule(
        most=st.integers(1, 3),
        verdicts=verdicts,
        fault=faults,
        others=verdicts,
        fault_of_other=faults,
        late=st.booleans(),
    )
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
            replay_letters(self.connection, self.letters, limit=limit, seconds=10, other_producers=True)
        except DeadLettersUnavailableError:
            assert away or loses_answers
        finally:
            self.sqs.away = self.sqs.loses_answers = False

    @rule(hours=st.integers(0, 3))
    def give_up_what_does_not_come_back(self, hours: int) -> None:
        self.time_passes(hours * 3600)
        fail_overdue(self.connection, limit=100)

    def drain(self) -> None:
        """Nothing fails any more."""
        self.time_passes(900)
        while self.rows("SELECT id FROM outbox"):
            self.relay(batch=BATCH, refuses=frozenset(), loses_answers=False, away=False, commit=Commit.DONE)
        while self.sqs.messages:
            self.handle(
                most=10, in_vain=0, verdicts=[Verdict.DELIVERED], fault=Fault.NONE, away=False, loses_answers=False
            )

    def teardown(self) -> None:
        try:
            if sys.exception():
                # It went wrong before: that is what is to be told.
                return
            self.drain()
            self.is_accounted_for()
            # What was handed over for the last time while nobody could write that down waits for somebody.
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
