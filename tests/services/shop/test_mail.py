"""People are told of their orders once, if at all possible."""

from collections.abc import Callable
from typing import Any

import pytest

from services.failures import TransientError
from services.messages import Message
from services.shop.events import ORDER_CONFIRMED, USER_REGISTERED, Connections
from services.shop.notification import MailOffice
from tests.services.shop.conftest import Connect
from tests.services.shop.facts import CONFIRMED, REGISTERED, event


class Mailbox:
    """Stands for SES: keeps what it gets, and fails when told to."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.failures: list[Exception] = []

    def deliver(self, message: Message) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.messages.append(message)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def office(connections: Callable[[str], Connections], mailbox: Mailbox) -> MailOffice:
    return MailOffice(connections("notification"), mailbox.deliver)


def book(connect: Connect) -> list[tuple[Any, ...]]:
    with connect("notification") as connection:
        return connection.execute("SELECT status, attempts, last_error FROM order_notifications").fetchall()


def test_an_order_is_told_once(office: MailOffice, mailbox: Mailbox, connect: Connect) -> None:
    office.handle(event(USER_REGISTERED, REGISTERED))
    confirmed = event(ORDER_CONFIRMED, CONFIRMED)
    for it in (confirmed, confirmed, event(ORDER_CONFIRMED, CONFIRMED)):
        office.handle(it)
    (message,) = mailbox.messages
    assert message.recipient == "ada@example.com"
    assert book(connect) == [("sent", 1, None)]


def test_an_order_of_somebody_unknown_waits_for_the_registration(
    office: MailOffice, mailbox: Mailbox, connect: Connect
) -> None:
    confirmed = event(ORDER_CONFIRMED, CONFIRMED)
    with pytest.raises(TransientError, match="not known yet"):
        office.handle(confirmed)
    assert book(connect) == [("pending", 0, None)]
    office.handle(event(USER_REGISTERED, REGISTERED))
    office.handle(confirmed)
    assert len(mailbox.messages) == 1


def test_a_failure_is_in_the_book_until_the_next_attempt(
    office: MailOffice, mailbox: Mailbox, connect: Connect
) -> None:
    office.handle(event(USER_REGISTERED, REGISTERED))
    confirmed = event(ORDER_CONFIRMED, CONFIRMED)
    mailbox.failures = [TransientError("SES did not answer")]
    with pytest.raises(TransientError):
        office.handle(confirmed)
    assert book(connect) == [("pending", 1, "SES did not answer")]
    office.handle(confirmed)
    assert book(connect) == [("sent", 2, None)]


def test_what_is_given_up_is_failed_with_the_reason_but_never_what_was_sent(
    office: MailOffice, mailbox: Mailbox, connect: Connect
) -> None:
    confirmed = event(ORDER_CONFIRMED, CONFIRMED)
    office.give_up(confirmed, "SES refused")
    assert book(connect) == [("failed", 0, "SES refused")]
    # Moved back from the dead letters by a person.
    office.handle(event(USER_REGISTERED, REGISTERED))
    office.handle(confirmed)
    assert book(connect) == [("sent", 1, None)]
    office.give_up(confirmed, "too late")
    assert book(connect) == [("sent", 1, None)]
    assert len(mailbox.messages) == 1
