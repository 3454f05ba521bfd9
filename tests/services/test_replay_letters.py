"""Sending again what is in the dead-letter queue: a message goes only when another is on its way, or none is needed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from services import outbox, store, store_replay
from services.dead_letters import DeadLetter, DeadLetterQueue
from services.intake import QUEUED
from services.messages import Channel, Message
from services.replay import LetterCounts, replay_letters
from services.store import Due, Outcome, Status
from tests.services.replaying import claimed, failed, ids_to_be_queued, message, to_be_queued
from tests.support.emulator import Aws
from tests.support.postgres import TestDatabase


@pytest.fixture(params=["standard", "FIFO"])
def dlq_url(request: pytest.FixtureRequest, aws: Aws) -> str:
    return aws.queue(FifoQueue="true") if request.param == "FIFO" else aws.queue()


def park(aws: Aws, url: str, *bodies: str, group: str = "one") -> None:
    for body in bodies:
        fifo = {"MessageGroupId": group, "MessageDeduplicationId": uuid4().hex} if url.endswith(".fifo") else {}
        aws.sqs.send_message(
            QueueUrl=url,
            MessageBody=body,
            MessageAttributes={"Reason": {"DataType": "String", "StringValue": "why"}},
            **fifo,  # type: ignore[arg-type]  # one of two forms
        )


def from_dlq(database: TestDatabase, url: str, limit: int = 100, channel: Channel | None = None) -> LetterCounts:
    with database.connect() as connection:
        return replay_letters(
            connection, DeadLetterQueue(url), limit=limit, seconds=20, channel=channel, other_producers=True
        )


def dead(aws: Aws, url: str) -> list[str]:
    return [each["Body"] for each in aws.emulator.messages(url)]


def test_dead_letters_of_every_kind_come_to_their_end(aws: Aws, database: TestDatabase, dlq_url: str) -> None:
    lost, rejected, sent, waiting, held = (message(body=name) for name in ("lost", "rejected", "sent", "w", "held"))
    failed(database, rejected)
    with database.connect() as connection:
        store.record(connection, [Outcome(message=sent, status=Status.SENT, attempts=1)])
        with connection.transaction():
            store.insert(connection, waiting, None)
            outbox.add(connection, QUEUED, waiting.model_dump(mode="json", exclude_none=True))
    claimed(database, held, seconds=60)
    before = to_be_queued(database)
    park(aws, dlq_url, *(each.to_json() for each in (lost, rejected, sent, waiting, held)))
    assert from_dlq(database, dlq_url) == LetterCounts(queued=2, settled=2, busy=1)
    added = to_be_queued(database)[len(before) :]
    by_id = {each.id: each for each in (lost, rejected)}
    assert {UUID(each["id"]): Message.model_validate(each) for each in added} == by_id
    assert dead(aws, dlq_url) == [held.to_json()]
    assert database.rows("SELECT body, status FROM notifications ORDER BY body") == [
        ("held", "queued"),
        ("lost", "queued"),
        ("rejected", "queued"),
        ("sent", "sent"),
        ("w", "queued"),
    ]
    with database.connect() as connection:
        store.record(connection, [Outcome(message=held, status=Status.SENT, attempts=1)])
    assert from_dlq(database, dlq_url) == LetterCounts(settled=1)
    assert dead(aws, dlq_url) == []


def test_the_last_copy_stays_while_the_claim_of_its_delivery_runs(
    aws: Aws, database: TestDatabase, dlq_url: str
) -> None:
    """As after a last receive that could not be recorded: SQS moves the message at once, before the claim is over."""
    cut_off, behind, sent = message(body="cut off"), message(body="behind"), message(body="sent")
    claimed(database, cut_off, seconds=60, last=True)
    park(aws, dlq_url, sent.to_json(), cut_off.to_json(), cut_off.to_json(), behind.to_json(), "malformed")
    with database.connect() as connection:
        store.record(connection, [Outcome(message=sent, status=Status.SENT, attempts=1)])
    for expected in (LetterCounts(queued=1, settled=1, busy=2, malformed=1), LetterCounts(busy=2, malformed=1)):
        assert from_dlq(database, dlq_url) == expected
        assert ids_to_be_queued(database) == [behind.id]
        assert sorted(dead(aws, dlq_url)) == sorted([cut_off.to_json(), cut_off.to_json(), "malformed"])
    with database.connect() as connection:
        connection.execute("UPDATE notifications SET claimed_until = now() - interval '1 s'")
    assert from_dlq(database, dlq_url) == LetterCounts(queued=1, settled=1, malformed=1)
    assert ids_to_be_queued(database) == [behind.id, cut_off.id]
    assert dead(aws, dlq_url) == ["malformed"]


def test_one_that_is_settled_later_in_the_same_pass_counts_as_that(
    aws: Aws, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a FIFO queue what was kept is looked at again when something behind it has gone."""
    url = aws.queue(FifoQueue="true")
    held, free = message(body="held"), message(body="free")
    claimed(database, held, seconds=60)
    park(aws, url, held.to_json())
    park(aws, url, free.to_json(), group="other")
    release = DeadLetterQueue.release

    def record_and_release(self: DeadLetterQueue, letters: list[DeadLetter]) -> None:
        with database.connect() as connection:
            store.record(connection, [Outcome(message=held, status=Status.SENT, attempts=1)])
        release(self, letters)

    monkeypatch.setattr(DeadLetterQueue, "release", record_and_release)
    assert from_dlq(database, url) == LetterCounts(queued=1, settled=1)
    assert dead(aws, url) == []


def test_what_is_queued_and_lost_its_message_gets_another(aws: Aws, database: TestDatabase, dlq_url: str) -> None:
    """As after receives that all met a database that was away."""
    lost = message()
    with database.connect() as connection:
        store.insert(connection, lost, None)
    park(aws, dlq_url, lost.to_json(), lost.to_json())
    assert from_dlq(database, dlq_url) == LetterCounts(queued=1, settled=1)
    assert ids_to_be_queued(database) == [lost.id]


def test_malformed_ones_stay_with_their_reason_and_are_counted_once(
    aws: Aws, database: TestDatabase, dlq_url: str
) -> None:
    good = [message(body=str(number)) for number in range(25)]
    for number, each in enumerate(good):
        park(aws, dlq_url, each.to_json())
        if not number % 5:
            park(aws, dlq_url, f"malformed {number}")
    assert from_dlq(database, dlq_url) == LetterCounts(queued=25, malformed=5)
    left = aws.emulator.messages(dlq_url)
    assert sorted(each["Body"] for each in left) == sorted(f"malformed {number}" for number in range(0, 25, 5))
    assert {each["MessageAttributes"]["Reason"]["StringValue"] for each in left} == {"why"}
    # Visible again, and counted again by the next one.
    assert from_dlq(database, dlq_url) == LetterCounts(malformed=5)


def test_no_more_are_read_than_asked_for(aws: Aws, database: TestDatabase, dlq_url: str) -> None:
    park(aws, dlq_url, *(message().to_json() for _ in range(15)))
    assert from_dlq(database, dlq_url, limit=12) == LetterCounts(queued=12)
    assert len(dead(aws, dlq_url)) == 3


def test_other_channels_stay(aws: Aws, database: TestDatabase, dlq_url: str) -> None:
    mail, text = message(Channel.EMAIL), message()
    park(aws, dlq_url, mail.to_json(), text.to_json())
    assert from_dlq(database, dlq_url, channel=Channel.EMAIL) == LetterCounts(queued=1)
    assert dead(aws, dlq_url) == [text.to_json()]
    assert from_dlq(database, dlq_url) == LetterCounts(queued=1)


def test_a_crash_between_commit_and_deletion_is_repeated_without_harm(
    aws: Aws, database: TestDatabase, dlq_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (notification_id,) = failed(database, lost := message())
    park(aws, dlq_url, lost.to_json())

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crashing:
        crashing.setattr("services.dead_letters.HIDDEN_SECONDS", 0)
        crashing.setattr(DeadLetterQueue, "delete", crash)
        with pytest.raises(KeyboardInterrupt):
            from_dlq(database, dlq_url)
    assert (ids_to_be_queued(database), len(dead(aws, dlq_url))) == ([notification_id], 1)
    assert from_dlq(database, dlq_url) == LetterCounts(settled=1)
    assert (ids_to_be_queued(database), dead(aws, dlq_url)) == ([notification_id], [])


def test_a_database_that_refuses_keeps_the_dead_letter(aws: Aws, database: TestDatabase, dlq_url: str) -> None:
    park(aws, dlq_url, message().to_json())
    with database.connect() as connection:
        connection.execute("SET default_transaction_read_only = on")
        with pytest.raises(Exception, match="read-only"):
            replay_letters(connection, DeadLetterQueue(dlq_url), limit=10, seconds=20)
    assert len(dead(aws, dlq_url)) == 1


def test_no_batch_is_begun_when_the_time_is_over(aws: Aws, database: TestDatabase, dlq_url: str) -> None:
    park(aws, dlq_url, message().to_json())
    with database.connect() as connection:
        assert replay_letters(connection, DeadLetterQueue(dlq_url), limit=10, seconds=0) == LetterCounts()
    assert len(dead(aws, dlq_url)) == 1


def test_dead_letters_and_workers_do_not_deadlock(database: TestDatabase) -> None:
    wanted = [message() for _ in range(500)]
    start = threading.Barrier(2, timeout=60)

    def requeue() -> None:
        with database.connect() as connection:
            for _ in range(5):
                start.wait()
                store_replay.requeue_messages(connection, wanted[::-1])

    def claim() -> None:
        with database.connect() as connection:
            for _ in range(5):
                start.wait()
                store.claim(connection, [Due(message=each, last=True) for each in wanted], by=uuid4(), seconds=-1)

    with ThreadPoolExecutor(2) as executor:
        for done in [executor.submit(requeue), executor.submit(claim)]:
            done.result()


def test_a_dead_letter_of_no_notification_stays_unless_other_producers_are_allowed(
    aws: Aws, database: TestDatabase, dlq_url: str
) -> None:
    """A replay must not let in what the worker has parked because nobody took it in."""
    (known,) = failed(database, taken_in := message(body="taken in"))
    forged, changed = message(body="forged"), taken_in.model_copy(update={"body": "forged"})
    park(aws, dlq_url, forged.to_json(), changed.to_json())
    with database.connect() as connection:
        counts = replay_letters(connection, DeadLetterQueue(dlq_url), limit=10, seconds=20)
    assert counts == LetterCounts(queued=1, malformed=1)
    assert [(payload["id"], payload["body"]) for payload in to_be_queued(database)] == [(str(known), "taken in")]
    assert dead(aws, dlq_url) == [forged.to_json()]
    assert from_dlq(database, dlq_url) == LetterCounts(queued=1)
    assert dead(aws, dlq_url) == []
