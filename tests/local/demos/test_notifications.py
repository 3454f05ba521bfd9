import json
from dataclasses import replace

import pytest

from local import keys
from local.demos import notifications
from local.demos.stage import Stage
from local.errors import LocalError
from local.state import StackState
from local.web import Answer
from tests.local.demos.conftest import System, lines

CHANNELS = ["email", "sms", "webhook", "telegram"]


def answer(**document: object) -> Answer:
    return Answer(200, json.dumps(document).encode())


QUEUED = answer(status="queued")
SENT = answer(status="sent", attempts=1, last_error=None)


@pytest.fixture
def settled(system: System) -> System:
    """Takes four notifications, in the order of the channels, and has sent each at the third look."""
    system.on("GET /ready", Answer(200, b"{}"))
    system.on("POST /notifications", *(answer(id=channel) for channel in CHANNELS))
    for channel in CHANNELS:
        system.on(f"GET /notifications/{channel}", QUEUED, QUEUED, SENT)
    return system


def test_every_channel_is_sent_and_shown_with_where_to_look(settled: System, stage: Stage) -> None:
    notifications.run(stage)
    shown = lines(stage)
    assert sorted(line.split()[0] for line in shown) == sorted(CHANNELS)
    assert all(" sent in " in line and " see https://localhost:" in line for line in shown)
    sent = [body["channel"] for request, body in settled.requests if request == "POST /notifications"]
    assert sent == CHANNELS


def test_a_failed_notification_says_why(settled: System, stage: Stage) -> None:
    settled.on("GET /notifications/sms", answer(status="failed", attempts=5, last_error="the receiver answered 500"))
    with pytest.raises(LocalError, match=r"sms .* ended as failed after 5 attempts: the receiver answered 500"):
        notifications.run(stage)


def test_a_notification_that_stays_queued_is_named_by_its_channel(settled: System, stage: Stage) -> None:
    settled.on("GET /notifications/sms", QUEUED)
    with pytest.raises(LocalError, match=r"waited 180 s for notifications to be delivered: still queued: sms; type"):
        notifications.run(stage)


def test_where_keys_are_taken_it_makes_one_of_its_own_and_revokes_it(
    settled: System, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[dict[str, object]] = []

    def invoke(_: object, name: str, event: dict[str, object], **__: object) -> dict[str, object]:
        events.append({"function": name, **event})
        return {"secret": "gw_1_2", "key": {"id": "1"}}

    monkeypatch.setattr(keys, "invoke", invoke)
    outputs = {"NotificationsKeysFunctionName": "keys-function"}
    api = StackState(stack_name="api", status="CREATE_COMPLETE", seconds=1, outputs=outputs)
    notifications.run(replace(stage, deployment=replace(stage.deployment, stacks={"Api": api})))
    assert [(event["function"], event["action"]) for event in events] == [
        ("keys-function", "create"),
        ("keys-function", "revoke"),
    ]
    assert events[1]["id"] == "1"
    assert [headers for request, headers in settled.headers if "/ready" not in request] == [
        {"authorization": "Bearer gw_1_2"}
    ] * (len(settled.headers) - 1)
