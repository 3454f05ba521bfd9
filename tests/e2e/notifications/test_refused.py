"""What is tried against the deployed system, and refused by it or by the permissions it runs with."""

import json
import socket
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.ports import LOOPBACK
from tests.e2e.cloud import DeployedCloud, unique
from tests.e2e.insecure import over_plain_http
from tests.e2e.notifications.requests import notify, post, queued, settled
from tests.support.eventually import eventually

REFUSED = r"AccessDenied|not authorized|explicit deny"


def worker_role(cloud: DeployedCloud) -> str:
    function = cloud.output("Worker", "FunctionName")
    return str(cloud.client("lambda").get_function_configuration(FunctionName=function)["Role"])


def parked(cloud: DeployedCloud, text: str) -> str:
    """The reason beside the message with a text in the dead-letter queue, once it is there."""
    url = cloud.output("Queue", "DeadLetterQueueUrl")

    def found() -> dict[str, Any] | None:
        return next((each for each in queued(cloud, url) if text in each["Body"]), None)

    return str(eventually(found)["MessageAttributes"]["Reason"]["StringValue"])


def test_a_webhook_that_leads_inside_fails_at_once(cloud: DeployedCloud) -> None:
    """To the cloud's own port: the receiver's, on the same loopback, is the one that the configuration allows."""
    text = unique()
    identifier = notify(cloud, "webhook", f"https://localhost:{cloud.settings.port}/_ministack/health", text)
    ended = settled(cloud, identifier)
    assert (ended["status"], ended["attempts"]) == ("failed", 1)
    assert ended["last_error"] == "the target is refused: its host leads to an address that is not public"
    assert parked(cloud, text) == ended["last_error"]


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "[fd00:ec2::254]", "2130706433", "0x7f.1"])
def test_an_address_inside_is_not_taken_in(cloud: DeployedCloud, host: str) -> None:
    body = {"channel": "webhook", "recipient": f"https://{host}/latest/meta-data/", "body": unique()}
    status, problem = post(cloud, body)
    assert status == 422
    assert "a host that everybody can reach" in json.dumps(problem)


def test_a_forged_message_is_parked_and_delivered_to_nobody(cloud: DeployedCloud) -> None:
    """Sent with the one role that may send: that of the API."""
    sqs = cloud.as_role(cloud.task_role("ApiServiceName"), "sqs")
    text = unique()
    forged = {"id": str(uuid4()), "channel": "sms", "recipient": "+14155550123", "body": text}
    sqs.send_message(QueueUrl=cloud.output("Queue", "QueueUrl"), MessageBody=json.dumps(forged))
    assert parked(cloud, text).startswith("unknown: ")
    assert cloud.deliveries("sms", text) == []
    assert cloud.read(f"/notifications/{forged['id']}").status == 404


def test_a_message_with_another_s_id_changes_nothing(cloud: DeployedCloud) -> None:
    text, forged = unique(), unique()
    identifier = notify(cloud, "sms", "+14155550100", text)
    message = {"id": identifier, "channel": "sms", "recipient": "+14155550199", "body": forged}
    cloud.client("sqs").send_message(QueueUrl=cloud.output("Queue", "QueueUrl"), MessageBody=json.dumps(message))
    assert settled(cloud, identifier)["status"] == "sent"
    eventually(lambda: queued(cloud, cloud.output("Queue", "QueueUrl")) == [])
    assert (len(cloud.deliveries("sms", text)), cloud.deliveries("sms", forged)) == (1, [])


def test_the_worker_s_role_reads_no_other_service_s_secret(cloud: DeployedCloud) -> None:
    arn = cloud.client("secretsmanager").create_secret(Name=f"another/{unique()}", SecretString="hunter2")["ARN"]
    with pytest.raises(ClientError, match="secretsmanager:GetSecretValue"):
        cloud.as_role(worker_role(cloud), "secretsmanager").get_secret_value(SecretId=arn)


def test_the_api_s_role_reads_not_the_worker_s_secret(cloud: DeployedCloud) -> None:
    arn = cloud.output("Worker", "TelegramSecretArn")
    assert cloud.as_role(worker_role(cloud), "secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    with pytest.raises(ClientError, match="secretsmanager:GetSecretValue"):
        cloud.as_role(cloud.task_role("ApiServiceName"), "secretsmanager").get_secret_value(SecretId=arn)


@pytest.mark.parametrize("queue", ["QueueUrl", "DeadLetterQueueUrl"])
def test_the_queues_refuse_plain_http(cloud: DeployedCloud, queue: str) -> None:
    url = cloud.output("Queue", queue)
    sender = cloud.task_role("ApiServiceName") if queue == "QueueUrl" else worker_role(cloud)
    text = f"malformed {unique()}"
    with pytest.raises(ClientError, match=REFUSED):
        over_plain_http(cloud.as_role(sender, "sqs")).send_message(QueueUrl=url, MessageBody=text)
    # Also where everything else is allowed.
    with pytest.raises(ClientError, match=REFUSED):
        over_plain_http(cloud.client("sqs")).receive_message(QueueUrl=url)
    # The same role, the same request, with TLS.
    assert cloud.as_role(sender, "sqs").send_message(QueueUrl=url, MessageBody=text)["MessageId"]


def test_the_cloud_s_port_speaks_no_plain_http(cloud: DeployedCloud) -> None:
    with socket.create_connection((LOOPBACK, cloud.settings.port), timeout=60) as connection:
        connection.sendall(b"GET /?Action=ListQueues HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        with suppress(ConnectionError):
            answer = connection.recv(65536)
    assert not answer.startswith(b"HTTP/1.1 200")
