"""Publishing within a transaction that must not stay open for long, to a broker that takes its time."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from uuid import uuid4

import pytest

from services.broker import Publisher, Subscription, publisher
from tests.services.broker.conftest import client, event
from tests.support.rabbitmq import RabbitMq
from tests.support.slow_line import SlowLine


@pytest.fixture
def line(rabbitmq: RabbitMq) -> Iterator[SlowLine]:
    with SlowLine(rabbitmq.port) as made:
        yield made


@pytest.fixture
def distant(line: SlowLine, secret_arn: str, subscription: Subscription) -> Iterator[Publisher]:
    """A publisher at the other end of the line."""
    with closing(Publisher(client(line, secret_arn), subscription.exchange, [subscription])) as made:
        yield made


def test_what_there_is_no_time_for_is_left_for_the_next_time(
    distant: Publisher, line: SlowLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    distant.publish([])
    line.delay_seconds = 0.9
    events = [event() for _ in range(8)]
    with monkeypatch.context() as shortened:
        shortened.setattr(publisher, "_PUBLISH_SECONDS", 3)
        publication = distant.publish(events)
    accepted = len(publication.accepted)
    assert 1 <= accepted <= 4
    # In their order, and nothing is wrong with the others.
    assert publication.accepted == {each.id for each in events[:accepted]}
    assert (publication.refused, publication.fault) == ({}, None)
    line.delay_seconds = 0
    rest = events[accepted:]
    assert distant.publish(rest).accepted == {each.id for each in rest}


def test_a_confirmation_that_does_not_come_is_a_fault(
    distant: Publisher, line: SlowLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, lost = event(), event()
    assert distant.publish([first]).accepted == {first.id}
    line.carries.clear()
    started = time.monotonic()
    with monkeypatch.context() as shortened:
        shortened.setattr(publisher, "_CONFIRM_SECONDS", 1)
        publication = distant.publish([lost, event()])
    assert time.monotonic() - started >= 1
    assert (publication.accepted, publication.refused) == (frozenset(), {})
    assert publication.fault == "the broker failed: AMQPConnectionError: no answer within 1 s"
    line.carries.set()
    assert distant.publish([lost]).accepted == {lost.id}


def test_a_declaration_that_is_not_answered_is_a_fault(
    distant: Publisher, line: SlowLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.delay_seconds = 0.2
    with monkeypatch.context() as shortened:
        shortened.setattr(publisher, "_DECLARE_SECONDS", 1)
        publication = distant.publish([])
    assert publication.fault == "the broker failed: AMQPConnectionError: no answer within 1 s"
    line.delay_seconds = 0
    assert distant.publish([]).fault is None


def test_it_gets_ready_when_there_is_nothing_to_publish(
    rabbitmq: RabbitMq, secret_arn: str, subscription: Subscription
) -> None:
    other = replace(subscription, exchange=uuid4().hex, queue=f"{uuid4().hex}.new")
    with closing(Publisher(client(rabbitmq, secret_arn), other.exchange, [other])) as made:
        assert made.publish([]).fault is None
        with rabbitmq.connect() as connection:
            connection.channel().queue_declare(other.queue, passive=True)
        rabbitmq.stop()
        assert "cannot be reached" in (made.publish([]).fault or "")
