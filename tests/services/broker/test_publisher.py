"""Publishing so that every event is known to be in a queue, or known not to be."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from uuid import uuid4

import pika
import pytest

from services.broker import Broker, Publisher, Subscription
from services.events import Publication
from tests.services.broker.conftest import TOPIC, event, payload
from tests.support.eventually import eventually
from tests.support.rabbitmq import RabbitMq


@pytest.fixture
def publisher(broker: Broker, subscription: Subscription) -> Iterator[Publisher]:
    with closing(Publisher(broker, subscription.exchange, [subscription])) as made:
        yield made


def taken(rabbitmq: RabbitMq, queue: str) -> Iterator[pika.BasicProperties]:
    """Takes all messages of a queue."""
    while rabbitmq.count(queue):
        yield rabbitmq.take(queue)[0]


def test_an_event_arrives_as_a_persistent_message(
    publisher: Publisher, rabbitmq: RabbitMq, subscription: Subscription
) -> None:
    placed = event(number=5, name="Zoë")
    publication = publisher.publish([placed])
    assert publication == Publication(accepted=frozenset({placed.id}), refused={})
    properties, body = rabbitmq.take(subscription.queue)
    assert (properties.message_id, properties.type) == (str(placed.id), TOPIC)
    assert (properties.delivery_mode, properties.content_type) == (2, "application/json")
    assert payload(body) == placed.payload


def test_queues_are_made_before_their_consumer_has_ever_run(
    broker: Broker, rabbitmq: RabbitMq, subscription: Subscription
) -> None:
    other = replace(subscription, exchange=uuid4().hex, queue=f"{uuid4().hex}.new")
    with closing(Publisher(broker, other.exchange, [other])) as publisher:
        assert len(publisher.publish([event(), event()]).accepted) == 2
    assert rabbitmq.count(other.queue) == 2


def test_what_no_queue_takes_is_refused_alone(publisher: Publisher, subscription: Subscription) -> None:
    lost, good = event("user.registered"), event()
    publication = publisher.publish([lost, good])
    assert publication.accepted == {good.id}
    assert publication.refused == {lost.id: f"no queue takes user.registered from exchange {subscription.exchange}"}
    assert publication.fault is None


def test_what_a_queue_does_not_take_is_refused(
    publisher: Publisher, rabbitmq: RabbitMq, subscription: Subscription
) -> None:
    full = f"{subscription.queue}.full"
    with rabbitmq.connect() as connection:
        channel = connection.channel()
        channel.queue_declare(full, arguments={"x-max-length": 0, "x-overflow": "reject-publish"})
        channel.queue_bind(full, subscription.exchange, "order.cancelled")
    cancelled = event("order.cancelled")
    publication = publisher.publish([cancelled])
    assert publication.refused == {cancelled.id: "a queue for order.cancelled did not take it"}


def test_a_broker_that_is_away_is_a_fault_and_nothing_is_accepted(publisher: Publisher, rabbitmq: RabbitMq) -> None:
    publisher.publish([event()])
    rabbitmq.stop()
    publication = publisher.publish([event()])
    assert not publication.accepted
    assert not publication.refused
    assert "cannot be reached" in (publication.fault or "")


@pytest.mark.parametrize("idle", [True, False], ids=["looked in between", "at once"])
def test_a_broker_that_was_restarted_is_published_to_again(
    publisher: Publisher, rabbitmq: RabbitMq, subscription: Subscription, *, idle: bool
) -> None:
    first = event()
    eventually(lambda: publisher.publish([first]).accepted)
    rabbitmq.stop()
    if idle:
        publisher.publish([])
    rabbitmq.start()
    # Queues refuse for as long as they have no leader, a moment after the restart; the relay comes again.
    second = event()
    eventually(lambda: publisher.publish([second]).accepted)
    # The first one was kept over the restart. An event whose confirmation came late was published again.
    kept = {message.message_id for message in taken(rabbitmq, subscription.queue)}
    assert kept == {str(first.id), str(second.id)}
