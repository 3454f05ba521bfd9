"""ticketero: a ticket goes in over HTTP, passes the broker, and comes out over Telegram."""

import time
from typing import Any
from uuid import uuid4

from local.deliveries import received
from local.demos.stage import Demo, NotYetError, Stage
from local.errors import LocalError

_CHAT = "-1001234567890"


def run(stage: Stage) -> None:
    """Hand in a ticket, wait until its people are notified, and show the message they got."""
    stage.wait_until_ready("/health")
    subject = f"The printer is on fire ({uuid4().hex[:8]})"
    started = time.monotonic()
    ticket = stage.ask("/tickets", {"subject": subject, "description": "Again.", "chat": _CHAT})
    stage.show("ticket", ticket["status"], ticket["id"], since=started)

    def notified() -> dict[str, Any]:
        found: dict[str, Any] = stage.ask(f"/tickets/{ticket['id']}")
        match found["status"]:
            case "notified":
                return found
            case "failed":
                raise LocalError(f"ticket {ticket['id']} failed: {found['last_error']}; type: make logs")
            case status:
                raise NotYetError(f"its status is {status}, after {found['attempts']} attempts")

    stage.wait_for("the ticket to be notified", notified)
    messages = [each for each in received(stage.settings, "telegram") or [] if subject in str(each)]
    if len(messages) != 1:
        raise LocalError(f"Telegram got {len(messages)} messages about ticket {ticket['id']} instead of one")
    seen_at = f"{stage.settings.receiver_url}/received?channel=telegram"
    stage.show("telegram", "notified", f"to {_CHAT}   see {seen_at}", since=started)


DEMO = Demo(
    name="ticket",
    doing="handing in a ticket",
    run=run,
    uses_telegram=True,
    https_only_in=frozenset({"prod"}),
)
