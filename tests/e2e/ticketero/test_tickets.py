import socket
from typing import Any
from urllib.parse import urlsplit

import psutil

from tests.e2e.cloud import DeployedCloud, unique
from tests.support.eventually import eventually

CHAT = "-1001234567890"
UNKNOWN_CHAT = "-404"
# As many as a task of the service handles at the same time.
_CONSUMERS = 2


def hand_in(cloud: DeployedCloud, subject: str, *, chat: str = CHAT) -> str:
    """A ticket; returns its id."""
    answer = cloud.request("/tickets", {"subject": subject, "description": "It hums.", "chat": chat})
    assert (answer.status, answer.document["status"]) == (202, "received"), answer.document
    return str(answer.document["id"])


def settled(cloud: DeployedCloud, identifier: str) -> dict[str, Any]:
    """The ticket, once its people are notified, or will never be."""

    def ended() -> dict[str, Any] | None:
        ticket: dict[str, Any] = cloud.get(f"/tickets/{identifier}")
        return None if ticket["status"] == "received" else ticket

    return eventually(ended)


def test_up_shows_the_ticket_and_where_the_message_is_seen(cloud: DeployedCloud) -> None:
    (line,) = (line for line in cloud.printed.splitlines() if line.split()[:2] == ["telegram", "notified"])
    assert f"{cloud.settings.receiver_url}/received?channel=telegram" in line


def test_a_ticket_passes_the_broker_and_is_told_once(cloud: DeployedCloud) -> None:
    subject = unique()
    ticket = settled(cloud, hand_in(cloud, subject))
    assert (ticket["status"], ticket["attempts"], ticket["last_error"]) == ("notified", 1, None)
    (message,) = cloud.deliveries("telegram", subject)
    assert message["recipient"] == CHAT


def test_a_chat_that_does_not_exist_fails_for_good_and_holds_nobody_up(cloud: DeployedCloud) -> None:
    hopeless, fine = hand_in(cloud, unique(), chat=UNKNOWN_CHAT), hand_in(cloud, unique())
    assert settled(cloud, fine)["status"] == "notified"
    ticket = settled(cloud, hopeless)
    assert ticket["status"] == "failed"
    assert "chat not found" in ticket["last_error"]


def test_bad_input_names_the_field_and_stores_nothing(cloud: DeployedCloud) -> None:
    before = cloud.get("/tickets")
    answer = cloud.request("/tickets", {"subject": "", "description": "x", "chat": CHAT})
    assert answer.status == 422
    assert "subject" in str(answer.document)
    assert cloud.get("/tickets") == before


def test_no_ticket_is_lost_or_told_twice_when_the_broker_restarts_and_the_service_is_killed_meanwhile(
    cloud: DeployedCloud,
) -> None:
    subjects = [unique() for _ in range(10)]
    tickets = [hand_in(cloud, subject) for subject in subjects[:5]]
    broker = cloud.client("mq")
    (summary,) = broker.list_brokers()["BrokerSummaries"]
    (instance,) = broker.describe_broker(BrokerId=summary["BrokerId"])["BrokerInstances"]
    port = urlsplit(instance["Endpoints"][0]).port
    assert port
    broker.reboot_broker(BrokerId=summary["BrokerId"])
    eventually(lambda: not answers(port))

    tickets += [hand_in(cloud, subject) for subject in subjects[5:]]
    (task,) = cloud.tasks("services.tickets")
    task.kill()
    psutil.wait_procs([task], timeout=60)
    # While the broker is away nothing is in its hands; what is may be told of again, as Telegram knows no key.
    in_hand = _CONSUMERS if answers(port) else 0

    eventually(lambda: answers(port) and cloud.request("/tickets").is_success)
    assert {settled(cloud, identifier)["status"] for identifier in tickets} == {"notified"}
    told = [len(cloud.deliveries("telegram", subject)) for subject in subjects]
    assert min(told) == 1
    assert sum(told) <= len(subjects) + in_hand


def answers(port: int) -> bool:
    """Whether something takes connections there."""
    try:
        socket.create_connection(("localhost", port), timeout=1).close()
    except OSError:
        return False
    return True
