import json
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.cloud import DeployedCloud, unique
from tests.e2e.notifications.requests import notify, post, queued, settled
from tests.support.eventually import eventually

RECIPIENTS = {"email": "ada@example.com", "sms": "+14155550100", "telegram": "-1001234567890"}


def recipient(cloud: DeployedCloud, channel: str, path: str = "e2e") -> str:
    return RECIPIENTS.get(channel, f"{cloud.settings.receiver_url}/webhook/{path}")


@pytest.mark.parametrize("channel", ["email", "sms", "webhook", "telegram"])
def test_a_notification_reaches_its_recipient_once(cloud: DeployedCloud, channel: str) -> None:
    text = unique()
    notification = settled(cloud, notify(cloud, channel, recipient(cloud, channel), text))
    assert (notification["status"], notification["attempts"], notification["last_error"]) == ("sent", 1, None)
    assert len(cloud.deliveries(channel, text)) == 1


def test_a_webhook_carries_the_notification_s_id(cloud: DeployedCloud) -> None:
    text = unique()
    identifier = notify(cloud, "webhook", recipient(cloud, "webhook"), text)
    settled(cloud, identifier)
    (delivery,) = cloud.deliveries("webhook", text)
    assert delivery["headers"]["idempotency-key"] == identifier


def test_the_same_idempotency_key_gives_the_first_notification(cloud: DeployedCloud) -> None:
    text, key = unique(), uuid4().hex
    body = {"channel": "sms", "recipient": RECIPIENTS["sms"], "body": text}
    (_, first), (status, second) = (post(cloud, body, idempotency_key=key) for _ in range(2))
    assert status == 202
    assert second["id"] == first["id"]
    assert settled(cloud, first["id"])["status"] == "sent"
    assert len(cloud.deliveries("sms", text)) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"channel": "fax"}, "channel"),
        ({"recipient": "not a number"}, "recipient"),
        ({"body": ""}, "body"),
    ],
)
def test_bad_input_names_the_field_and_stores_nothing(cloud: DeployedCloud, change: dict[str, str], field: str) -> None:
    # Of those before it: a message leaves the queue only after its notification is sent.
    eventually(lambda: queued(cloud, cloud.output("Queue", "QueueUrl")) == [])
    before = notifications(cloud)
    status, problem = post(cloud, {"channel": "sms", "recipient": RECIPIENTS["sms"], "body": unique()} | change)
    assert status == 422
    assert field in json.dumps(problem)
    assert notifications(cloud) == before
    assert queued(cloud, cloud.output("Queue", "QueueUrl")) == []


def test_a_malformed_message_is_parked_with_its_reason_and_holds_nobody_up(cloud: DeployedCloud) -> None:
    queue, parking = cloud.output("Queue", "QueueUrl"), cloud.output("Queue", "DeadLetterQueueUrl")
    malformed, text = f"malformed {unique()}", unique()
    cloud.client("sqs").send_message(QueueUrl=queue, MessageBody=malformed)
    notify(cloud, "sms", RECIPIENTS["sms"], text)

    def parked() -> dict[str, Any] | None:
        found = [each for each in queued(cloud, parking) if each["Body"] == malformed]
        return found[0] if found else None

    attributes = eventually(parked)["MessageAttributes"]
    assert "JSON" in attributes["Reason"]["StringValue"]
    eventually(lambda: cloud.deliveries("sms", text))
    assert len(cloud.deliveries("sms", text)) == 1
    eventually(lambda: queued(cloud, queue) == [])


def test_a_transient_failure_is_retried_alone(cloud: DeployedCloud) -> None:
    texts = [unique() for _ in range(4)]
    paths = ["e2e", f"fail-first/1/{uuid4().hex}", "e2e", f"fail-first/1/{uuid4().hex}"]
    # Within the seconds in which the event source waits for a batch to fill.
    identifiers = [
        notify(cloud, "webhook", recipient(cloud, "webhook", path), text)
        for path, text in zip(paths, texts, strict=True)
    ]

    def all_accepted() -> bool | None:
        return all(statuses(cloud, text)[-1:] == [200] for text in texts)

    eventually(all_accepted)
    eventually(lambda: queued(cloud, cloud.output("Queue", "QueueUrl")) == [])
    assert [statuses(cloud, text) for text in texts] == [[200], [503, 200], [200], [503, 200]]
    ended = [settled(cloud, identifier) for identifier in identifiers]
    assert [each["status"] for each in ended] == ["sent"] * 4
    assert [each["attempts"] for each in ended] == [1, 2, 1, 2]


def test_a_permanent_failure_is_final_and_says_why(cloud: DeployedCloud) -> None:
    text = unique()
    notification = settled(cloud, notify(cloud, "webhook", recipient(cloud, "webhook", "status/410"), text))
    assert (notification["status"], notification["attempts"]) == ("failed", 1)
    assert "410" in notification["last_error"]
    assert statuses(cloud, text) == [410]


def statuses(cloud: DeployedCloud, text: str) -> list[int]:
    """What the receiver answered to each attempt."""
    return [each["status"] for each in cloud.deliveries("webhook", text)]


def notifications(cloud: DeployedCloud) -> set[str]:
    """The ids of all notifications."""
    found, cursor = set(), ""
    for _ in range(20):
        page = cloud.get(f"/notifications?limit=100{cursor}")
        found |= {each["id"] for each in page["items"]}
        if not page.get("next_cursor"):
            return found
        cursor = f"&cursor={page['next_cursor']}"
    raise AssertionError("more pages than all tests together could have made")
