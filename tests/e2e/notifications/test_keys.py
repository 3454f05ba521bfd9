"""Who may use the deployed API: keys that an operator's command makes and revokes."""

from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.e2e.cloud import DeployedCloud, unique
from tests.e2e.notifications.test_notifications import RECIPIENTS
from tests.support.eventually import eventually

NOBODY = {"authorization": ""}


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def body(text: str) -> dict[str, str]:
    return {"channel": "sms", "recipient": RECIPIENTS["sms"], "body": text}


def of_name(cloud: DeployedCloud, name: str) -> dict[str, Any]:
    """A key as the database has it."""
    with psycopg.connect(**cloud.database(), row_factory=dict_row) as connection:
        found = connection.execute("SELECT * FROM api_keys WHERE name = %s", (name,)).fetchone()
    assert found is not None
    return dict(found)


def test_without_a_key_nothing_is_accepted_and_health_is_told(cloud: DeployedCloud) -> None:
    answer = cloud.request("/notifications", body(unique()), headers=NOBODY)
    assert (answer.status, answer.document["title"]) == (401, "Unauthorized")
    assert cloud.read("/notifications", headers=NOBODY).status == 401
    assert cloud.read("/health", headers=NOBODY).status == 200


def test_a_key_sees_its_own_notifications_until_it_is_revoked(cloud: DeployedCloud) -> None:
    ada, bob = (unique() for _ in range(2))
    hers, his = bearer(cloud.new_key(ada)), bearer(cloud.new_key(bob))
    identifier = cloud.ask("/notifications", body(unique()), headers=hers)["id"]
    assert cloud.read(f"/notifications/{identifier}", headers=his).status == 404
    assert cloud.read("/notifications", headers=his).document["items"] == []
    eventually(lambda: cloud.read(f"/notifications/{identifier}", headers=hers).document["status"] == "sent")
    revoked = cloud.operate("keys", "revoke", "--id", of_name(cloud, ada)["id"])
    assert revoked.returncode == 0, revoked.stderr
    # How soon that is, the tests of the service see with a clock of their own.
    eventually(lambda: cloud.request("/notifications", headers=hers).status == 401)
    assert cloud.read("/notifications", headers=his).status == 200


def test_keys_are_listed_without_their_secrets(cloud: DeployedCloud) -> None:
    name = unique()
    key = cloud.new_key(name)
    listed = cloud.operate("keys", "list")
    assert name in listed.stdout
    assert key.split("_", 2)[2] not in listed.stdout + listed.stderr
    again = cloud.operate("keys", "create", "--name", name)
    assert again.returncode == 1
    assert f"of the name '{name}' already" in again.stderr


def test_a_secret_is_neither_logged_nor_stored(cloud: DeployedCloud) -> None:
    name = unique()
    key = cloud.new_key(name)
    secret = key.split("_", 2)[2]
    assert cloud.read("/notifications", headers=bearer(key)).status == 200
    assert cloud.read("/notifications", headers=bearer(key[:-3] + "AAA")).status == 401

    def logged() -> str | None:
        # The end of what a function writes may come into its log with its next invocation only.
        listed = cloud.operate("keys", "list")
        assert listed.returncode == 0, listed.stderr
        found = cloud.operate("logs", "--lines", "100000").stdout
        return found if name in found else None

    # The function tells whose key it made.
    assert secret[:30] not in eventually(logged)
    assert secret not in str(of_name(cloud, name))


def test_the_demonstration_revokes_its_own_key(cloud: DeployedCloud) -> None:

    with psycopg.connect(**cloud.database()) as connection:
        found = connection.execute(
            "SELECT revoked_at IS NOT NULL, expires_at IS NOT NULL FROM api_keys WHERE name LIKE 'demonstration %'"
        ).fetchall()
    assert found
    assert set(found) == {(True, True)}


def test_the_function_may_read_no_queue(cloud: DeployedCloud) -> None:
    function = cloud.output("Api", "NotificationsKeysFunctionName")
    role = cloud.client("lambda").get_function_configuration(FunctionName=function)["Role"]
    with pytest.raises(Exception, match="sqs:ReceiveMessage"):
        cloud.as_role(role, "sqs").receive_message(QueueUrl=cloud.output("Queue", "QueueUrl"))


def test_two_keys_may_say_the_same_idempotency_key(cloud: DeployedCloud) -> None:
    one, other = (bearer(cloud.new_key(unique())) for _ in range(2))
    key, text = unique(), unique()
    ids = [
        cloud.ask("/notifications", body(text), headers={**sent, "idempotency-key": key})["id"]
        for sent in (one, other, one)
    ]
    assert ids[0] == ids[2] != ids[1]
    assert cloud.read(f"/notifications/{ids[1]}", headers=one).status == 404
