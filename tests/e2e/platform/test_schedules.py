import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil

from tests.e2e.cloud import DeployedCloud, unique
from tests.support.eventually import eventually

CHAT = "-1001234567890"
# Until something is due that is not to be sent before a test is done with it.
_AHEAD_SECONDS = 20


def plan(cloud: DeployedCloud, text: str, *, channel: str = "telegram", recipient: str = CHAT, **when: Any) -> str:
    """A schedule of messages that greet somebody; returns its id."""
    body = {"channel": channel, "recipient": recipient, "body": f"{{greeting}} {text}", "values": {"greeting": "Hello"}}
    answer = cloud.request("/schedules", body | when)
    assert answer.status == 201, answer.document
    return str(answer.document["id"])


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def notifications(cloud: DeployedCloud, schedule: str) -> list[dict[str, Any]]:
    """What a schedule has led to so far, oldest first."""
    return list(reversed(cloud.get(f"/schedules/{schedule}")["notifications"]))


def sent(cloud: DeployedCloud, schedule: str, count: int = 1) -> list[dict[str, Any]]:
    """What a schedule has led to, once so much of it is sent."""

    def all_sent() -> list[dict[str, Any]] | None:
        found = notifications(cloud, schedule)
        return found if [each["status"] for each in found] == ["sent"] * count else None

    return eventually(all_sent)


def test_up_shows_a_delayed_and_a_recurring_schedule_sent(cloud: DeployedCloud) -> None:
    shown = [line.split()[:2] for line in cloud.printed.splitlines()]
    assert shown.count(["delayed", "sent"]) == 2
    assert shown.count(["recurring", "sent"]) == 1


def test_a_delayed_notification_is_rendered_and_sent_once_when_it_is_due(cloud: DeployedCloud) -> None:
    text, due = unique(), in_seconds(3)
    (notification,) = sent(cloud, plan(cloud, text, send_at=due))
    assert datetime.fromisoformat(notification["planned_for"]) == datetime.fromisoformat(due)
    assert datetime.fromisoformat(notification["sent_at"]) >= datetime.fromisoformat(due)
    (message,) = cloud.deliveries("telegram", text)
    assert f"Hello {text}" in str(message["body"])


def test_a_recurring_schedule_keeps_its_interval_and_ends(cloud: DeployedCloud) -> None:
    text = unique()
    schedule = plan(cloud, text, every_seconds=1, count=3)
    due = [datetime.fromisoformat(each["planned_for"]) for each in sent(cloud, schedule, count=3)]
    assert [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(due)] == [1, 1]
    assert len(cloud.deliveries("telegram", text)) == 3


def test_a_deleted_schedule_sends_nothing_and_the_cache_knows_it_at_once(cloud: DeployedCloud) -> None:
    # Time enough to look and to delete before it is due.
    text, due = unique(), in_seconds(_AHEAD_SECONDS)
    schedule = plan(cloud, text, send_at=due)
    assert notifications(cloud, schedule) == []
    assert cloud.request(f"/schedules/{schedule}", method="DELETE").is_success
    assert cloud.get(f"/schedules/{schedule}")["status"] == "cancelled"
    # Due after the deleted one: when it is there, the other would have been.
    later = max(datetime.fromisoformat(due), datetime.now(UTC)) + timedelta(seconds=1)
    sent(cloud, plan(cloud, unique(), send_at=later.isoformat()))
    assert cloud.deliveries("telegram", text) == []


def test_a_template_that_lacks_a_value_fails_and_says_which(cloud: DeployedCloud) -> None:
    schedule = plan(cloud, "{missing}", send_at=in_seconds(0))

    def failed() -> dict[str, Any] | None:
        found = notifications(cloud, schedule)
        return found[0] if found and found[0]["status"] == "failed" else None

    assert "missing" in str(eventually(failed))


def test_a_transient_failure_of_a_recipient_is_tried_again(cloud: DeployedCloud) -> None:
    text = unique()
    recipient = f"{cloud.settings.receiver_url}/webhook/fail-first/1/{text}"
    sent(cloud, plan(cloud, text, channel="webhook", recipient=recipient, send_at=in_seconds(0)))
    assert [each["status"] for each in cloud.deliveries("webhook", f"Hello {text}")] == [503, 200]


def test_a_service_that_is_killed_comes_back_and_nothing_is_lost(cloud: DeployedCloud) -> None:
    texts = [unique() for _ in range(5)]
    # All are planned and the services killed before the first is due: what is under way then may be sent twice.
    schedules = [plan(cloud, text, send_at=in_seconds(_AHEAD_SECONDS)) for text in texts]
    killed = [task for program in ("worker", "notifier") for task in cloud.tasks(f"services.planning.{program}")]
    assert len(killed) == 2
    for task in killed:
        task.kill()
    psutil.wait_procs(killed, timeout=60)
    for schedule in schedules:
        sent(cloud, schedule)
    assert [len(cloud.deliveries("telegram", text)) for text in texts] == [1] * 5
