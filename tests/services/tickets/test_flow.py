"""A ticket's way from HTTP over the broker to Telegram, and what may happen on it."""

import json
import threading
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pika import BasicProperties
from prometheus_client import REGISTRY

from services.broker import Subscription
from services.settings import TicketsSettings
from services.tickets import app as tickets
from services.tickets import store
from services.tickets.notifying import RECEIVED, payload_of
from tests.services.problems import problem
from tests.services.tickets.conftest import QUICK, SEND
from tests.support.eventually import eventually
from tests.support.postgres import PostgresServer, TestDatabase
from tests.support.rabbitmq import RabbitMq
from tests.support.receiver import Answer, Receiver
from tests.support.serving import client_of, serving

TICKET = {"subject": "Printer on fire", "description": "Second floor.\nPlease hurry.", "chat": "-100123"}
REFUSED = Answer(400, b'{"ok": false, "description": "Bad Request: chat not found"}')
BUSY = Answer(502, b"{}")
NOBODY = UUID("0b9ac1e7-0a45-4a3e-8a2c-a1a7a5d0f7a1")


def post(client: httpx.Client) -> str:
    answer = client.post("/tickets", json=TICKET)
    assert answer.status_code == 202, answer.text
    assert answer.json()["status"] == "received"
    ticket_id: str = answer.json()["id"]
    assert answer.headers["location"] == f"/tickets/{ticket_id}"
    return ticket_id


def becomes(client: httpx.Client, ticket_id: str, status: str) -> dict[str, Any]:
    """The ticket, once it has the status."""

    def look() -> dict[str, Any] | None:
        ticket: dict[str, Any] = client.get(f"/tickets/{ticket_id}").json()
        return ticket if ticket.get("status") == status else None

    return eventually(look)


class Events:
    """What the test itself has to do with the service's events."""

    def __init__(self, rabbitmq: RabbitMq, subscription: Subscription) -> None:
        self._rabbitmq = rabbitmq
        self._subscription = subscription

    def publish(self, payload: dict[str, Any]) -> None:
        """An event that does not come from the outbox."""
        properties = BasicProperties(message_id=str(uuid4()), type=RECEIVED)
        with self._rabbitmq.connect() as connection:
            body = json.dumps(payload).encode()
            connection.channel().basic_publish(self._subscription.exchange, RECEIVED, body, properties)

    def dead_letter(self) -> tuple[BasicProperties, bytes]:
        """The next one that was given up."""
        return self._rabbitmq.take(self._subscription.dead_queue)

    def move_back(self, body: bytes, properties: BasicProperties) -> None:
        """As a person does it with a dead letter."""
        with self._rabbitmq.connect() as connection:
            connection.channel().basic_publish("", self._subscription.queue, body, properties)

    def handled(self, outcome: str) -> float:
        """How many have come to this so far."""
        labels = {"queue": self._subscription.queue, "topic": RECEIVED, "outcome": outcome}
        return REGISTRY.get_sample_value("events_handled_total", labels) or 0


@pytest.fixture
def events(rabbitmq: RabbitMq, notifications: Subscription) -> Events:
    return Events(rabbitmq, notifications)


def test_a_ticket_is_told_of_once(client: httpx.Client, receiver: Receiver, database: TestDatabase) -> None:
    ticket_id = post(client)
    ticket = becomes(client, ticket_id, "notified")
    assert ticket | TICKET == ticket
    assert (ticket["attempts"], ticket["last_error"]) == (1, None)
    assert ticket["notified_at"] >= ticket["created_at"]
    [message] = receiver.to(SEND)
    text = f"Printer on fire\nSecond floor.\nPlease hurry.\n\nTicket {ticket_id}"
    assert message.json == {"chat_id": "-100123", "text": text}
    # The relay lets go of the event once the broker has confirmed it, which may be after it was handled.
    eventually(lambda: not database.rows("SELECT * FROM outbox"))


def test_a_ticket_that_telegram_refuses_ends_failed_with_the_reason(
    client: httpx.Client, receiver: Receiver, events: Events
) -> None:
    receiver.answers[SEND] = REFUSED
    ticket = becomes(client, post(client), "failed")
    assert ticket["attempts"] == 1
    assert "chat not found" in ticket["last_error"]
    properties, body = events.dead_letter()
    assert "chat not found" in str((properties.headers or {})["x-reason"])
    assert ticket["id"].encode() in body


def test_what_fails_for_the_time_being_is_tried_again(client: httpx.Client, receiver: Receiver) -> None:
    receiver.answers[SEND] = [BUSY, BUSY, Answer()]
    ticket = becomes(client, post(client), "notified")
    assert (ticket["attempts"], ticket["last_error"]) == (3, None)
    assert len(receiver.to(SEND)) == 3


def test_what_fails_every_time_ends_failed(client: httpx.Client, receiver: Receiver, events: Events) -> None:
    receiver.answers[SEND] = BUSY
    ticket = becomes(client, post(client), "failed")
    assert ticket["attempts"] == len(QUICK) + 1 == len(receiver.to(SEND))
    assert ticket["last_error"] == "Telegram answered 502 Bad Gateway"
    properties, _ = events.dead_letter()
    assert (properties.headers or {})["x-attempts"] == len(QUICK) + 1


def test_a_dead_letter_that_is_moved_back_is_tried_again(
    client: httpx.Client, receiver: Receiver, events: Events
) -> None:
    receiver.answers[SEND] = REFUSED
    ticket_id = post(client)
    becomes(client, ticket_id, "failed")
    receiver.answers[SEND] = Answer()
    properties, body = events.dead_letter()
    events.move_back(body, properties)
    assert becomes(client, ticket_id, "notified")["attempts"] == 2


def test_an_event_that_comes_twice_tells_once(client: httpx.Client, receiver: Receiver, events: Events) -> None:
    ticket_id = post(client)
    notified = becomes(client, ticket_id, "notified")
    events.publish({"ticket_id": ticket_id})
    eventually(lambda: events.handled("done") >= 2)
    assert client.get(f"/tickets/{ticket_id}").json() == notified
    assert len(receiver.to(SEND)) == 1


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({}, "the event names no ticket: ticket_id must be a UUID"),
        ({"ticket_id": 5}, "the event names no ticket: ticket_id must be a UUID"),
        (payload_of(NOBODY), f"there is no ticket {NOBODY}"),
    ],
)
def test_an_event_about_no_ticket_is_laid_aside(
    client: httpx.Client, events: Events, payload: dict[str, Any], reason: str
) -> None:
    becomes(client, post(client), "notified")
    events.publish(payload)
    properties, _ = events.dead_letter()
    assert (properties.headers or {})["x-reason"] == reason


def test_tickets_are_taken_in_without_a_broker_and_told_of_when_it_is_back(
    client: httpx.Client, rabbitmq: RabbitMq, receiver: Receiver
) -> None:
    becomes(client, post(client), "notified")
    rabbitmq.stop()
    ticket_ids = [post(client) for _ in range(3)]
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/ready").json() == {"status": "ready"}
    assert client.get(f"/tickets/{ticket_ids[0]}").json()["status"] == "received"
    rabbitmq.start()
    for ticket_id in ticket_ids:
        becomes(client, ticket_id, "notified")
    assert len(receiver.to(SEND)) == 4


def test_a_broker_that_restarts_amid_the_flow_loses_nothing(client: httpx.Client, rabbitmq: RabbitMq) -> None:
    ticket_ids = [post(client) for _ in range(10)]
    rabbitmq.stop()
    ticket_ids += [post(client) for _ in range(10)]
    rabbitmq.start()
    for ticket_id in ticket_ids:
        becomes(client, ticket_id, "notified")


@pytest.mark.usefixtures("prompt_pools")
def test_a_database_that_is_away_costs_no_attempt(
    client: httpx.Client, database: TestDatabase, postgres: PostgresServer, events: Events
) -> None:
    # The first connection may take longer than requests wait for one.
    eventually(lambda: client.get("/ready").is_success)
    becomes(client, post(client), "notified")
    ticket_id = uuid4()
    with database.connect() as connection:
        store.insert(connection, ticket_id, subject="Printer", description="On fire", chat="@support")
    before = events.handled("postponed")
    postgres.stop()
    try:
        events.publish(payload_of(ticket_id))
        # More often than there are attempts.
        eventually(lambda: events.handled("postponed") > before + len(QUICK) + 1)
        assert problem(client.post("/tickets", json=TICKET), 503) == {"database": "is not available"}
        assert client.get("/health").status_code == 200
    finally:
        postgres.start()
    assert becomes(client, str(ticket_id), "notified")["attempts"] == 1


def test_a_service_that_starts_without_a_broker_works_once_there_is_one(
    environment: dict[str, str], rabbitmq: RabbitMq
) -> None:
    rabbitmq.stop()
    app = tickets.create_app(TicketsSettings.from_environment(environment))
    with serving(app) as url, client_of(url) as client:
        ticket_id = post(client)
        rabbitmq.start()
        becomes(client, ticket_id, "notified")


@pytest.fixture
def slow_receivers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a delivery wait until the test has done what it does meanwhile. A mark, which comes before the service."""
    monkeypatch.setattr("services.channels.http.DELIVERY_SECONDS", 50)


@pytest.mark.usefixtures("slow_receivers")
def test_a_ticket_in_the_hands_of_another_is_left_to_it(
    client: httpx.Client, receiver: Receiver, events: Events
) -> None:
    released = threading.Event()
    receiver.answers[SEND] = Answer(before=lambda: released.wait(60))
    ticket_id = post(client)
    eventually(lambda: receiver.to(SEND))
    before = events.handled("retried")
    events.publish({"ticket_id": ticket_id})
    eventually(lambda: events.handled("retried") > before)
    released.set()
    assert becomes(client, ticket_id, "notified")["attempts"] == 1
    assert len(receiver.to(SEND)) == 1
