"""Sending again what failed: once each, however often it is asked for."""

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services import outbox, store, store_replay
from services.dead_letters import DeadLetterQueue
from services.intake import QUEUED, Intake
from services.messages import Channel, Content, Message
from services.replay import LetterCounts, replay, replay_failed, replay_letters
from services.store import Due, Outcome, Status
from services.store_replay import Selection
from tests.support.emulator import Aws
from tests.support.postgres import TestDatabase

EVERYTHING = Selection()


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


def replayed(database: TestDatabase, selection: Selection = EVERYTHING, limit: int = 100) -> list[UUID]:
    with database.connect() as connection:
        return replay_failed(connection, selection, limit).ids


@pytest.mark.parametrize("subject", [None, 'Grüße 👋 "\\'])
def test_what_failed_is_queued_in_the_form_of_the_intake(database: TestDatabase, subject: str | None) -> None:
    content = Content(channel=Channel.EMAIL, recipient="ada@example.com", subject=subject, body='a\n\t"b"\\ 👋')
    accepted = Intake(database.connect).accept(content, None)
    (as_taken_in,) = to_be_queued(database)
    with database.connect() as connection:
        connection.execute("DELETE FROM outbox")
        connection.execute("UPDATE notifications SET status = 'failed', attempts = 3, last_error = 'why'")
        assert replay(connection, accepted.id) is Status.QUEUED
    assert to_be_queued(database) == [as_taken_in]
    assert statuses(database) == [("queued", 3, "why")]
    Message.from_json(json.dumps(as_taken_in))


def test_once_queued_it_is_left_alone(database: TestDatabase) -> None:
    (notification_id,) = failed(database)
    with database.connect() as connection:
        for _ in range(3):
            assert replay(connection, notification_id) is Status.QUEUED
            replay_failed(connection, EVERYTHING, 100)
    assert ids_to_be_queued(database) == [notification_id]


def test_what_is_sent_or_unknown_or_in_the_hands_of_a_worker_is_left_alone(database: TestDatabase) -> None:
    sent, held = message(), message()
    with database.connect() as connection:
        store.record(connection, [Outcome(message=sent, status=Status.SENT, attempts=1)])
        claimed(database, held, seconds=60, last=True)
        assert replay(connection, sent.id) is Status.SENT
        assert replay(connection, held.id) is Status.FAILED
        assert replay(connection, uuid4()) is None
    assert replayed(database) == []
    assert to_be_queued(database) == []


def test_what_a_killed_worker_had_at_last_is_replayed_once_its_claim_is_over(database: TestDatabase) -> None:
    cut_off = message()
    claimed(database, cut_off, seconds=-1, last=True)
    assert replayed(database) == [cut_off.id]


def test_what_failed_ten_days_ago_is_replayed_and_its_time_begins_anew(database: TestDatabase) -> None:
    old = failed(database, *(message() for _ in range(5)))
    ages = database.rows("SELECT extract(days FROM now() - updated_at)::int FROM notifications ORDER BY created_at")
    assert [age for (age,) in ages] == [12, 9, 6, 3, 0]
    ten_days_ago = datetime.now(UTC) - timedelta(days=8.5)
    assert replayed(database, Selection(created_before=ten_days_ago)) == old[:2]
    assert database.rows("SELECT count(*) FROM notifications WHERE updated_at > now() - interval '1 min'") == [(3,)]
    # It has all the time of a new one.
    with database.connect() as connection:
        connection.execute("TRUNCATE outbox")
        assert store_replay.fail_overdue(connection, limit=10) == 0


def test_the_oldest_come_first_and_no_more_than_asked_for(database: TestDatabase) -> None:
    wanted = failed(database, *(message() for _ in range(5)))
    with database.connect() as connection:
        first, second, third = (replay_failed(connection, EVERYTHING, 2) for _ in range(3))
    assert [first.ids, second.ids, third.ids] == [wanted[:2], wanted[2:4], wanted[4:]]
    assert [first.more, second.more, third.more] == [True, True, False]
    assert ids_to_be_queued(database) == wanted


def test_of_just_as_many_as_asked_for_there_are_no_more(database: TestDatabase) -> None:
    failed(database, message(), message())
    with database.connect() as connection:
        assert not replay_failed(connection, EVERYTHING, 2).more


def test_only_what_is_meant_is_replayed(database: TestDatabase) -> None:
    mail = message(Channel.EMAIL)
    old, _, new = failed(database, message(), mail, message())
    now = datetime.now(UTC)
    day = timedelta(days=1)
    with database.connect() as connection:
        first = replay_failed(connection, Selection(channel=Channel.EMAIL), 1)
    assert (first.ids, first.more) == ([mail.id], False)
    assert replayed(database, Selection(channel=Channel.EMAIL)) == []
    assert replayed(database, Selection(created_after=now - 5 * day, created_before=now - day)) == []
    assert replayed(database, Selection(created_after=now - day)) == [new]
    assert replayed(database, Selection(created_before=now - day)) == [old]


def test_of_many_that_ask_at_the_same_time_each_notification_is_queued_by_one(database: TestDatabase) -> None:
    wanted = failed(database, *(message() for _ in range(40)))
    start = threading.Barrier(8, timeout=10)

    def ask(number: int) -> Sequence[UUID]:
        start.wait()
        if number % 2:
            return replayed(database, limit=30)
        with database.connect() as connection:
            for each in wanted:
                replay(connection, each)
        return []

    with ThreadPoolExecutor(8) as executor:
        list(executor.map(ask, range(8)))
    assert sorted(ids_to_be_queued(database)) == sorted(wanted)


def test_what_cannot_go_into_the_outbox_stays_failed(database: TestDatabase) -> None:
    failed(database)
    with database.connect() as connection:
        connection.execute("ALTER TABLE outbox ADD CONSTRAINT refuses_all CHECK (false) NOT VALID")
        try:
            with pytest.raises(Exception, match="refuses_all"):
                replay_failed(connection, EVERYTHING, 10)
        finally:
            connection.execute("ALTER TABLE outbox DROP CONSTRAINT refuses_all")
    assert statuses(database) == [("failed", 2, "410 Gone")]


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
        return replay_letters(connection, DeadLetterQueue(url), limit=limit, seconds=20, channel=channel)


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
    assert from_dlq(database, dlq_url) == LetterCounts(queued=2, settled=3)
    added = to_be_queued(database)[len(before) :]
    by_id = {each.id: each for each in (lost, rejected)}
    assert {UUID(each["id"]): Message.model_validate(each) for each in added} == by_id
    assert dead(aws, dlq_url) == []
    assert database.rows("SELECT body, status FROM notifications ORDER BY body") == [
        ("held", "queued"),
        ("lost", "queued"),
        ("rejected", "queued"),
        ("sent", "sent"),
        ("w", "queued"),
    ]
    assert from_dlq(database, dlq_url) == LetterCounts()


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
    start = threading.Barrier(2, timeout=10)

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
