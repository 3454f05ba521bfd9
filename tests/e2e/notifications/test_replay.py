"""What failed is sent again, once, however often an operator asks for it."""

import json
from typing import Any

import psycopg
import pytest

from tests.e2e.cloud import DeployedCloud, unique
from tests.e2e.notifications.requests import notify, queued, settled
from tests.support.eventually import eventually


def failed(cloud: DeployedCloud) -> tuple[str, str]:
    """Id and text of a notification whose receiver refuses it for good, once its message is parked."""
    text = unique()
    identifier = notify(cloud, "webhook", f"{cloud.settings.receiver_url}/webhook/status/410", text)
    assert settled(cloud, identifier)["status"] == "failed"
    eventually(lambda: identifier if identifier in dead(cloud) else None)
    return identifier, text


def dead(cloud: DeployedCloud) -> list[str]:
    """Ids of what is in the dead-letter queue."""
    bodies = [each["Body"] for each in queued(cloud, cloud.output("Queue", "DeadLetterQueueUrl"))]
    return [json.loads(body)["id"] for body in bodies if body.startswith("{")]


def let_the_receiver_accept(cloud: DeployedCloud, identifier: str, *, days_ago: int = 0) -> None:
    """Mends the receiver's address, in the database only: what is parked still has the former one."""
    with database(cloud) as connection:
        connection.execute(
            "UPDATE notifications SET recipient = %(recipient)s, created_at = created_at - %(age)s::interval,"
            " updated_at = updated_at - %(age)s::interval WHERE id = %(id)s",
            {
                "recipient": f"{cloud.settings.receiver_url}/webhook/mended",
                "age": f"{days_ago} days",
                "id": identifier,
            },
        )


def database(cloud: DeployedCloud) -> "psycopg.Connection[Any]":
    return psycopg.connect(**cloud.database(), autocommit=True)


def statuses(cloud: DeployedCloud, text: str) -> list[int]:
    """What the receiver answered to each attempt."""
    return [each["status"] for each in cloud.deliveries("webhook", text)]


def invoke(cloud: DeployedCloud, event: dict[str, Any]) -> dict[str, Any]:
    function = cloud.output("Worker", "ReplayFunctionName")
    answer = cloud.invoke(function, event)
    content: dict[str, Any] = answer["Payload"]
    assert "FunctionError" not in answer, content
    return content


def test_an_operator_s_command_sends_what_failed_once(cloud: DeployedCloud) -> None:
    identifier, text = failed(cloud)
    let_the_receiver_accept(cloud, identifier, days_ago=10)
    printed = cloud.operate("replay", "--limit", "1000")
    assert printed.returncode == 0, printed.stderr
    assert "queued again from the dead-letter queue" in printed.stdout
    assert settled(cloud, identifier)["status"] == "sent"
    assert statuses(cloud, text) == [410, 200]
    for _ in range(2):
        assert cloud.operate("replay").returncode == 0
    answer = cloud.request(f"/notifications/{identifier}/replay", method="POST")
    assert (answer.status, answer.document["status"]) == (202, "sent")
    queue = cloud.output("Queue", "QueueUrl")
    eventually(lambda: queued(cloud, queue) == [])
    assert statuses(cloud, text) == [410, 200]
    assert identifier not in dead(cloud)


def test_the_api_sends_what_failed_once_and_the_dead_letter_then_goes(cloud: DeployedCloud) -> None:
    (one, its_text), (other, other_text) = failed(cloud), failed(cloud)
    for identifier in (one, other):
        let_the_receiver_accept(cloud, identifier)
    assert cloud.ask(f"/notifications/{one}/replay", method="POST") == {"id": one, "status": "queued"}
    answer = cloud.ask("/notifications/replay", {"limit": 1000, "channel": "webhook"})
    assert other in answer["ids"]
    assert one not in answer["ids"]
    assert [settled(cloud, identifier)["status"] for identifier in (one, other)] == ["sent", "sent"]
    assert invoke(cloud, {"limit": 1000, "failed": False})["settled"] >= 2
    assert not {one, other} & set(dead(cloud))
    assert (statuses(cloud, its_text), statuses(cloud, other_text)) == ([410, 200], [410, 200])


def test_what_still_fails_ends_as_failed_again(cloud: DeployedCloud) -> None:
    identifier, text = failed(cloud)
    assert invoke(cloud, {"channel": "webhook"})["from_dlq"] >= 1
    eventually(lambda: statuses(cloud, text) == [410, 410])
    notification = settled(cloud, identifier)
    assert (notification["status"], notification["attempts"]) == ("failed", 2)
    eventually(lambda: identifier in dead(cloud))


@pytest.mark.parametrize("event", [{"limit": 0}, {"limit": 1001}, {"queue": "other"}])
def test_a_wrong_event_is_answered_with_what_is_allowed(cloud: DeployedCloud, event: dict[str, Any]) -> None:
    assert "Allowed are limit (1 to 1000)" in invoke(cloud, event)["error"]


def test_the_function_may_not_read_the_queue_nor_write_dead_letters(cloud: DeployedCloud) -> None:
    function = cloud.client("lambda").get_function_configuration(
        FunctionName=cloud.output("Worker", "ReplayFunctionName")
    )
    sqs = cloud.as_role(function["Role"], "sqs")
    with pytest.raises(Exception, match="sqs:ReceiveMessage"):
        sqs.receive_message(QueueUrl=cloud.output("Queue", "QueueUrl"))
    with pytest.raises(Exception, match="sqs:SendMessage"):
        sqs.send_message(QueueUrl=cloud.output("Queue", "DeadLetterQueueUrl"), MessageBody="dead")
