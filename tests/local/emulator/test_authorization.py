"""IAM is asked for the permissions that AWS documents, and refuses everything else."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.insecure import over_plain_http
from tests.local.emulator.cloud import ACCOUNT, REGION, Cloud

SENDER = "news@example.com"
IDENTITY = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{SENDER}"


def assume(cloud: Cloud, name: str, statement: dict[str, Any]) -> dict[str, str]:
    """Credentials of a role with one permission."""
    iam = cloud.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
    iam.put_role_policy(RoleName=name, PolicyName="only", PolicyDocument=policy)
    credentials: dict[str, str] = cloud.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="test")[
        "Credentials"
    ]
    return credentials


def test_a_batch_takes_the_permission_of_its_single_action(cloud: Cloud) -> None:
    queue = cloud.client("sqs").create_queue(QueueName="batches")["QueueUrl"]
    sender = assume(
        cloud, "sender", {"Action": "sqs:SendMessage", "Resource": f"arn:aws:sqs:{REGION}:{ACCOUNT}:batches"}
    )
    client = cloud.client_of("sqs", sender)
    answer = client.send_message_batch(QueueUrl=queue, Entries=[{"Id": "1", "MessageBody": "text"}])
    assert len(answer["Successful"]) == 1
    with pytest.raises(ClientError, match="sqs:DeleteMessage "):
        client.delete_message_batch(QueueUrl=queue, Entries=[{"Id": "1", "ReceiptHandle": "x"}])


def test_mail_may_be_sent_as_the_granted_sender_only(cloud: Cloud) -> None:
    for address in (SENDER, "other@example.com"):
        cloud.client("ses").verify_email_identity(EmailAddress=address)
    granted = {
        "Action": "ses:SendEmail",
        "Resource": IDENTITY,
        "Condition": {"StringEquals": {"ses:FromAddress": SENDER}},
    }
    client = cloud.client_of("ses", assume(cloud, "mailer", granted))

    def send(source: str) -> Any:
        message = {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "b"}}}
        return client.send_email(Source=source, Destination={"ToAddresses": ["a@example.com"]}, Message=message)

    assert send(f"News <{SENDER}>")["MessageId"]
    with pytest.raises(ClientError, match="AccessDenied"):
        send("other@example.com")


def test_a_role_may_read_the_secret_that_its_template_refers_to(cloud: Cloud) -> None:
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "one"}}
    reference = cloud.deploy("secret", {"Token": secret}, {"Token": {"Ref": "Token"}})["Token"]
    reader = assume(cloud, "reader", {"Action": "secretsmanager:GetSecretValue", "Resource": reference})
    client = cloud.client_of("secretsmanager", reader)
    assert client.get_secret_value(SecretId=reference)["SecretString"] == "one"

    changed = {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "two"}}
    assert cloud.deploy("secret", {"Token": changed}, {"Token": {"Ref": "Token"}})["Token"] == reference
    assert client.get_secret_value(SecretId=reference)["SecretString"] == "two"
    cloud.delete("secret")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_secret_value(SecretId=reference)


@pytest.mark.parametrize(
    "call",
    [
        lambda cloud: cloud.client_of(
            "s3", {"AccessKeyId": "AKIA0000000000000000", "SecretAccessKey": "x"}
        ).list_buckets(),
        lambda cloud: cloud.client_of("sts", {"AccessKeyId": "unknown", "SecretAccessKey": "x"}).get_caller_identity(),
    ],
)
def test_unknown_credentials_are_refused(cloud: Cloud, call: Callable[[Cloud], Any]) -> None:
    with pytest.raises(ClientError, match=r"InvalidAccessKeyId|InvalidClientTokenId"):
        call(cloud)


def test_a_bucket_s_policy_refuses_a_role_that_comes_by_plain_http(cloud: Cloud) -> None:
    storage = cloud.client("s3")
    storage.create_bucket(Bucket="by-tls-only")
    storage.put_object(Bucket="by-tls-only", Key="kept", Body=b"text")
    resources = ["arn:aws:s3:::by-tls-only", "arn:aws:s3:::by-tls-only/*"]
    denied = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:*", "Resource": resources}
    statement = {**denied, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    storage.put_bucket_policy(Bucket="by-tls-only", Policy=document)
    reader = assume(cloud, "reader-by-tls", {"Action": ["s3:GetObject", "s3:ListBucket"], "Resource": resources})
    plain = over_plain_http(cloud.client_of("s3", reader))
    with pytest.raises(ClientError, match="AccessDenied"):
        plain.get_object(Bucket="by-tls-only", Key="kept")
    with pytest.raises(ClientError, match="AccessDenied"):
        plain.list_objects_v2(Bucket="by-tls-only")
    assert cloud.client_of("s3", reader).get_object(Bucket="by-tls-only", Key="kept")["Body"].read() == b"text"
