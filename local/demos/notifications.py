"""notifications: one notification per channel, followed until it is delivered."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.demos.stage import Demo, NotYetError, Stage
from local.errors import LocalError
from local.keys import temporary_key


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A notification to send, and where its delivery is seen."""

    channel: str
    recipient: str
    seen_at: str

    def request(self) -> dict[str, str]:
        """The body of the request that hands it in."""
        body = f"Hello from the embedded cloud, by {self.channel}"
        fields = {"channel": self.channel, "recipient": self.recipient, "body": body}
        return fields | ({"subject": "Hello"} if self.channel == "email" else {})


def examples(stage: Stage) -> tuple[Example, ...]:
    """One notification for each channel."""
    emulator = f"{stage.settings.endpoint_url}/_ministack"
    receiver = stage.settings.receiver_url
    seen = f"{receiver}/received?channel"
    return (
        Example(channel="email", recipient="ada@example.com", seen_at=f"{emulator}/ses/messages"),
        Example(channel="sms", recipient="+14155550123", seen_at=f"{emulator}/sns/sms-messages"),
        Example(channel="webhook", recipient=f"{receiver}/webhook/hello", seen_at=f"{seen}=webhook"),
        Example(channel="telegram", recipient="-1001234567890", seen_at=f"{seen}=telegram"),
    )


def run(stage: Stage) -> None:
    """Send one notification per channel and wait until each is `sent`, with an API key of the demonstration's own."""
    stage.wait_until_ready("/ready")
    with temporary_key(stage.settings, stage.deployment, "demonstration") as headers:
        _deliver(stage, headers)


def _deliver(stage: Stage, headers: Mapping[str, str]) -> None:
    started = time.monotonic()
    waiting = {
        str(stage.ask("/notifications", each.request(), headers=headers)["id"]): each for each in examples(stage)
    }

    def next_settled() -> tuple[str, Mapping[str, Any]]:
        for identifier in waiting:
            notification = stage.ask(f"/notifications/{identifier}", headers=headers)
            if notification["status"] != "queued":
                return identifier, notification
        raise NotYetError(f"still queued: {', '.join(each.channel for each in waiting.values())}")

    while waiting:
        identifier, notification = stage.wait_for("notifications to be delivered", next_settled)
        example = waiting.pop(identifier)
        if notification["status"] != "sent":
            raise LocalError(
                f"the {example.channel} notification {identifier} ended as {notification['status']} after "
                f"{notification['attempts']} attempts: {notification['last_error']}; type: make logs"
            )
        stage.show(example.channel, "sent", f"to {example.recipient}   see {example.seen_at}", since=started)


DEMO = Demo(
    name="notifications",
    doing="sending one notification per channel",
    run=run,
    uses_telegram=True,
    uses_webhooks=True,
    https_only_in=frozenset({"prod"}),
)
