"""What the tests of notifications ask of its API and its queues."""

from typing import Any

from local.web import get_json
from tests.e2e.cloud import ANSWER_BOUND_SECONDS, DeployedCloud
from tests.support.eventually import eventually


def post(cloud: DeployedCloud, body: object, **headers: str) -> tuple[int, Any]:
    """`POST /notifications`; underscores in header names stand for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = cloud.request("/notifications", body, headers=named)
    return answer.status, answer.document


def notify(cloud: DeployedCloud, channel: str, recipient: str, text: str) -> str:
    """Hand in a notification; returns its id."""
    status, answer = post(cloud, {"channel": channel, "recipient": recipient, "body": text})
    assert status == 202, answer
    return str(answer["id"])


def settled(cloud: DeployedCloud, identifier: str) -> dict[str, Any]:
    """The notification, once it is no longer queued."""

    def ended() -> dict[str, Any] | None:
        notification: dict[str, Any] = cloud.get(f"/notifications/{identifier}")
        return None if notification["status"] == "queued" else notification

    return eventually(ended)


def queued(cloud: DeployedCloud, queue_url: str) -> list[dict[str, Any]]:
    """Every message of a queue, visible or not, without receiving it."""
    settings = cloud.settings
    address = f"{settings.endpoint_url}/_ministack/sqs/messages?QueueUrl={queue_url}"
    stored = get_json(settings, address, timeout_seconds=ANSWER_BOUND_SECONDS)
    return list(stored["messages"][settings.account][settings.region][queue_url])
