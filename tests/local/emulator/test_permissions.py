"""What AWS does in the name of a role is asked of IAM, and every decision is put on record."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.authorizations import ALLOWED, DENIED, Decision, read
from tests.local.emulator.cloud import ACCOUNT, REGION, Cloud, zipped
from tests.support.eventually import eventually

LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
INTERFACES = ("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface")
READING = ("sqs:ReceiveMessage", "sqs:GetQueueAttributes", "sqs:DeleteMessage")
HANDLER = "def handler(event, context):\n    print(event)\n"


def recorded(cloud: Cloud, role: str, action: str) -> list[Decision]:
    """What IAM has decided about a role and an action, as far as it is written."""
    entries = read(cloud.data / "authorizations.jsonl")
    return [each.decision for each in entries if (each.decision.role, each.decision.action) == (role, action)]


def was_refused(cloud: Cloud, role: str, action: str) -> bool:
    return any(each.outcome == DENIED for each in recorded(cloud, role, action))


def role_for(cloud: Cloud, name: str, service: str, *actions: str) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = str(cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"])
    allow(cloud, name, *actions)
    return arn


def allow(cloud: Cloud, role: str, *actions: str) -> None:
    statements = [{"Effect": "Allow", "Action": [each], "Resource": "*"} for each in actions]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    cloud.client("iam").put_role_policy(RoleName=role, PolicyName="only", PolicyDocument=policy)


@contextmanager
def function(cloud: Cloud, name: str, role: str, **more: Any) -> Iterator[str]:
    client = cloud.client("lambda")
    code = {"ZipFile": zipped({"code.py": HANDLER})}
    client.create_function(
        FunctionName=name, Role=role, Code=code, Runtime="python3.13", Handler="code.handler", **more
    )
    try:
        yield name
    finally:
        client.delete_function(FunctionName=name)


def lines(cloud: Cloud, group: str) -> int:
    try:
        return len(cloud.client("logs").filter_log_events(logGroupName=group)["events"])
    except ClientError:
        return 0


def test_a_decision_names_the_statement_that_allows_it_and_a_refusal_none(cloud: Cloud) -> None:
    role_for(cloud, "lister", "lambda.amazonaws.com", "sqs:ListQueues", "s3:ListAllMyBuckets")
    arn = f"arn:aws:iam::{ACCOUNT}:role/lister"
    client = cloud.client_of("s3", cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"])
    client.list_buckets()
    with pytest.raises(ClientError):
        client.create_bucket(Bucket="forbidden")
    (listed,) = eventually(lambda: recorded(cloud, "lister", "s3:ListAllMyBuckets") or None)
    assert (listed.outcome, [(each.policy, each.index) for each in listed.statements]) == (ALLOWED, [("only", 1)])
    (refused,) = eventually(lambda: recorded(cloud, "lister", "s3:CreateBucket") or None)
    assert (refused.outcome, refused.resource, refused.statements) == (DENIED, "arn:aws:s3:::forbidden", ())


@pytest.mark.parametrize("lacking", LOGS)
def test_a_function_without_leave_writes_no_log_and_runs_all_the_same(cloud: Cloud, lacking: str) -> None:
    name = f"silent-{lacking.partition(':')[2].lower()}"
    role = role_for(cloud, name, "lambda.amazonaws.com", *LOGS)
    with function(cloud, name, role):
        cloud.client("lambda").invoke(FunctionName=name, Payload=b"{}")
        written = lines(cloud, f"/aws/lambda/{name}")
        assert written
        allow(cloud, name, *(each for each in LOGS if each != lacking))
        assert "FunctionError" not in cloud.client("lambda").invoke(FunctionName=name, Payload=b"{}")
        assert lines(cloud, f"/aws/lambda/{name}") == written


@pytest.mark.parametrize("lacking", INTERFACES)
def test_a_function_gets_into_a_network_only_with_a_role_that_may(cloud: Cloud, lacking: str) -> None:
    name = f"inside-{lacking.partition(':')[2].lower()}"
    role = role_for(cloud, name, "lambda.amazonaws.com", *INTERFACES)
    vpc = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    with function(cloud, name, role, VpcConfig=vpc):
        allow(cloud, name, *(each for each in INTERFACES if each != lacking))
        with pytest.raises(ClientError, match=lacking.partition(":")[2]):
            cloud.client("lambda").update_function_configuration(FunctionName=name, VpcConfig=vpc)
        # Without a network it is nobody's business.
        cloud.client("lambda").update_function_configuration(FunctionName=name, VpcConfig={"SubnetIds": []})


def test_what_only_lambda_may_the_code_of_the_function_may_not(cloud: Cloud) -> None:
    role = role_for(cloud, "own-code", "lambda.amazonaws.com", *INTERFACES)
    statement = {
        "Effect": "Allow",
        "Action": list(INTERFACES),
        "Resource": "*",
        "Condition": {"Null": {"lambda:SourceFunctionArn": "true"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    cloud.client("iam").put_role_policy(RoleName="own-code", PolicyName="only", PolicyDocument=policy)
    code = "import boto3\ndef handler(event, context):\n    boto3.client('ec2').describe_network_interfaces()\n"
    client, vpc = cloud.client("lambda"), {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    client.create_function(
        FunctionName="own-code",
        Role=role,
        Code={"ZipFile": zipped({"code.py": code})},
        Runtime="python3.13",
        Handler="code.handler",
        VpcConfig=vpc,
        Timeout=30,
    )
    answer = client.invoke(FunctionName="own-code", Payload=b"{}")["Payload"].read()
    assert b"ec2:DescribeNetworkInterfaces" in answer


@pytest.mark.parametrize(("lacking", "left"), [("sqs:ReceiveMessage", 1), ("sqs:GetQueueAttributes", 1)])
def test_an_event_source_reads_in_the_name_of_its_function(cloud: Cloud, lacking: str, left: int) -> None:
    with polled(cloud, lacking) as (queue, name):
        send(cloud, queue)
        eventually(lambda: count(cloud, queue) == 0)
        allow(cloud, name, *(each for each in READING if each != lacking))
        # A look that was allowed before could still take what is sent now.
        eventually(lambda: was_refused(cloud, name, lacking))
        send(cloud, queue)
        time.sleep(2)
        assert count(cloud, queue) == left


def test_what_may_not_be_deleted_comes_again(cloud: Cloud) -> None:
    with polled(cloud, "sqs:DeleteMessage") as (queue, name):
        allow(cloud, name, *(each for each in READING if each != "sqs:DeleteMessage"))
        send(cloud, queue)
        eventually(lambda: was_refused(cloud, name, "sqs:DeleteMessage"))
        assert count(cloud, queue) == 1


@contextmanager
def polled(cloud: Cloud, name: str) -> Iterator[tuple[str, str]]:
    """A queue with a function on it that may read it; and what the function and its role are called."""
    name = f"polled-{name.partition(':')[2].lower()}"
    queue = cloud.client("sqs").create_queue(QueueName=name, Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
    role = role_for(cloud, name, "lambda.amazonaws.com", *READING)
    with function(cloud, name, role):
        source = cloud.client("lambda").create_event_source_mapping(
            FunctionName=name, EventSourceArn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        )["UUID"]
        try:
            yield queue, name
        finally:
            cloud.client("lambda").delete_event_source_mapping(UUID=source)


def send(cloud: Cloud, queue: str) -> None:
    cloud.client("sqs").send_message(QueueUrl=queue, MessageBody="text")


def count(cloud: Cloud, queue: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = cloud.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(int(found[each]) for each in names)


def test_what_a_customer_key_encrypts_takes_leave_for_the_key(cloud: Cloud) -> None:
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    secret = cloud.client("secretsmanager").create_secret(Name="locked", SecretString="open", KmsKeyId=key)["ARN"]
    role = role_for(cloud, "opener", "lambda.amazonaws.com", "secretsmanager:GetSecretValue")
    credentials = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    client = cloud.client_of("secretsmanager", credentials)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.get_secret_value(SecretId=secret)
    condition = {"StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}}
    statement = [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": secret},
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key, "Condition": condition},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    cloud.client("iam").put_role_policy(RoleName="opener", PolicyName="only", PolicyDocument=policy)
    assert client.get_secret_value(SecretId=secret)["SecretString"] == "open"
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.client_of("kms", credentials).generate_data_key(KeyId=key, KeySpec="AES_256")
