"""platform: a delayed and a recurring schedule for several channels, followed until everything is sent."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from local.demos.stage import Demo, NotYetError, Stage
from local.errors import LocalError

_DELAY_SECONDS = 2
_REPETITIONS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A schedule to hand in."""

    what: str
    request: Mapping[str, Any]
    notifications: int
    """How many it leads to."""
    seen_at: str


def examples(stage: Stage) -> tuple[Example, ...]:
    """One delayed schedule for each of two channels, and a recurring one for a third."""
    receiver = stage.settings.receiver_url
    soon = {"send_at": (datetime.now(UTC) + timedelta(seconds=_DELAY_SECONDS)).isoformat()}
    text = {"body": "Hello {name}, by {channel}"}
    return (
        Example(
            what="delayed",
            request={
                **soon,
                **text,
                "channel": "email",
                "recipient": "ada@example.com",
                "subject": "Hello",
                "values": {"name": "Ada", "channel": "e-mail"},
            },
            notifications=1,
            seen_at=f"{stage.settings.endpoint_url}/_ministack/ses/messages",
        ),
        Example(
            what="delayed",
            request={
                **soon,
                **text,
                "channel": "telegram",
                "recipient": "-1001234567890",
                "values": {"name": "all", "channel": "Telegram"},
            },
            notifications=1,
            seen_at=f"{receiver}/received?channel=telegram",
        ),
        Example(
            what="recurring",
            request={
                **text,
                "channel": "webhook",
                "recipient": f"{receiver}/webhook/hello",
                "values": {"name": "program", "channel": "webhook"},
                "every_seconds": 1,
                "count": _REPETITIONS,
            },
            notifications=_REPETITIONS,
            seen_at=f"{receiver}/received?channel=webhook",
        ),
    )


def run(stage: Stage) -> None:
    """Hand in the schedules and wait until everything they lead to is `sent`."""
    stage.wait_until_ready("/health", "/worker/health", "/scheduler/health", "/notifier/health")
    started = time.monotonic()
    waiting = {str(stage.ask("/schedules", dict(each.request))["id"]): each for each in examples(stage)}

    def next_sent() -> str:
        for identifier, example in waiting.items():
            notifications = stage.ask(f"/schedules/{identifier}")["notifications"]
            for each in notifications:
                if each["status"] == "failed":
                    raise LocalError(f"a notification of schedule {identifier} failed: {each}; type: make logs")
            if [each["status"] for each in notifications] == ["sent"] * example.notifications:
                return identifier
        raise NotYetError(f"not yet sent: {', '.join(str(each.request['channel']) for each in waiting.values())}")

    while waiting:
        identifier = stage.wait_for("schedules to be carried out", next_sent)
        done = waiting.pop(identifier)
        times = "once" if done.notifications == 1 else f"{done.notifications} times"
        detail = f"{done.request['channel']}, {times}, to {done.request['recipient']}   see {done.seen_at}"
        stage.show(done.what, "sent", detail, since=started)


DEMO = Demo(
    name="schedules",
    doing="handing in delayed and recurring schedules",
    run=run,
    uses_telegram=True,
    uses_webhooks=True,
    https_only_in=frozenset({"prod"}),
)
