"""Functions run with their layer, their role and this cloud's addresses, drain queues, and answer CloudFormation."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.emulator.cloud import Cloud, DeploymentError, zipped
from tests.support.eventually import eventually

STACK = "functions"

HANDLER = """
import json, os, time, urllib.request
import boto3, httpx
from shared import NAME

VERSION = "{version}"

def queue(event, context):
    failed = []
    for record in event["Records"]:
        if record["body"] == "slow":
            time.sleep(3)
        boto3.client("sqs").send_message(
            QueueUrl=os.environ["SEEN"],
            MessageBody=json.dumps({{"body": record["body"], "batch": len(event["Records"]), "version": VERSION}}),
        )
        if record["body"].startswith("bad"):
            failed.append({{"itemIdentifier": record["messageId"]}})
    return {{"batchItemFailures": failed}}

def describe(event, context):
    print("described", NAME)
    try:
        boto3.client("s3").list_buckets()
        denied = ""
    except Exception as error:
        denied = str(error)
    return {{
        "layer": NAME,
        "denied": denied,
        "trusted": httpx.get(os.environ["AWS_ENDPOINT_URL"] + "/_ministack/health").status_code,
        "region": os.environ["AWS_REGION"],
        "operator": os.environ.get("DATABASE_URL"),
    }}

def custom(event, context):
    wrong = event["ResourceProperties"].get("Fail")
    answer = {{
        "Status": "FAILED" if wrong and event["RequestType"] != "Delete" else "SUCCESS",
        "Reason": wrong or "",
        "PhysicalResourceId": "custom",
        "Data": {{"Answer": event["ResourceProperties"].get("Question", "")[::-1]}},
        **{{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}},
    }}
    request = urllib.request.Request(event["ResponseURL"], data=json.dumps(answer).encode(), method="PUT")
    urllib.request.urlopen(request, timeout=10).read()
"""


NODE_HANDLER = """
const { EC2Client, DescribeVpcsCommand } = require("@aws-sdk/client-ec2");
exports.handler = async () => {
  try {
    await new EC2Client({}).send(new DescribeVpcsCommand({}));
    return "allowed";
  } catch (error) {
    return error.name;
  }
};
"""


def publish(cloud: Cloud, key: str, files: dict[str, str]) -> dict[str, str]:
    cloud.client("s3").put_object(Bucket="code", Key=key, Body=zipped(files))
    return {"S3Bucket": "code", "S3Key": key}


def template(cloud: Cloud, version: str, custom: dict[str, Any]) -> dict[str, Any]:
    code = publish(cloud, f"handler-{version}.zip", {"handler.py": HANDLER.format(version=version)})
    layer = publish(cloud, "layer.zip", {"python/shared/__init__.py": 'NAME = "from the layer"'})

    def function(handler: str, **more: Any) -> dict[str, Any]:
        properties = {
            "Runtime": "python3.13",
            "Handler": f"handler.{handler}",
            "Code": code,
            "Layers": [{"Ref": "Layer"}],
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Timeout": 10,
            "Environment": {"Variables": {"SEEN": {"Ref": "Seen"}}},
            "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        }
        return {"Type": "AWS::Lambda::Function", "Properties": {**properties, **more}}

    return {
        **_role(),
        "Work": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 60}},
        "Seen": {"Type": "AWS::SQS::Queue"},
        "Layer": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": layer, "LayerName": "shared"}},
        "Worker": function("queue", FunctionName="worker", ReservedConcurrentExecutions=3),
        "Describe": function("describe", FunctionName="describe"),
        "Custom": function("custom"),
        "Source": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "FunctionName": {"Ref": "Worker"},
                "EventSourceArn": {"Fn::GetAtt": ["Work", "Arn"]},
                "BatchSize": 10,
                "MaximumBatchingWindowInSeconds": 1,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "ScalingConfig": {"MaximumConcurrency": 2},
            },
        },
        "Answer": {
            "Type": "Custom::Question",
            "Properties": {"ServiceToken": {"Fn::GetAtt": ["Custom", "Arn"]}, **custom},
        },
    }


def _role() -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    queues = [{"Fn::GetAtt": ["Work", "Arn"]}, {"Fn::GetAtt": ["Seen", "Arn"]}]
    granted = {"Effect": "Allow", "Action": "sqs:*", "Resource": queues}
    policy = {"PolicyName": "queues", "PolicyDocument": {"Version": "2012-10-17", "Statement": [granted]}}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    return {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": document,
                "Policies": [policy],
                "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"],
            },
        }
    }


OUTPUTS = {"Work": {"Ref": "Work"}, "Seen": {"Ref": "Seen"}, "Answer": {"Fn::GetAtt": ["Answer", "Answer"]}}


@pytest.fixture(scope="module")
def deployed(cloud: Cloud) -> Iterator[dict[str, str]]:
    cloud.client("s3").create_bucket(Bucket="code")
    yield cloud.deploy(STACK, template(cloud, "1", {"Question": "abc"}), OUTPUTS)
    cloud.delete(STACK)


def seen(cloud: Cloud, queue: str, count: int) -> list[dict[str, Any]]:
    """What the worker has reported, once there is as much of it as expected."""
    reports: list[dict[str, Any]] = []

    def enough() -> bool:
        for message in cloud.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            reports.append(json.loads(message["Body"]))
            cloud.client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return len(reports) >= count

    eventually(enough)
    return reports


def send(cloud: Cloud, queue: str, bodies: list[str]) -> None:
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    cloud.client("sqs").send_message_batch(QueueUrl=queue, Entries=entries)


def waiting(cloud: Cloud, queue: str) -> tuple[int, int]:
    """How many messages of a queue can be received, and how many somebody has received and not deleted."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = cloud.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    visible, held = (int(found[name]) for name in names)
    return visible, held


def describe(cloud: Cloud) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(cloud.client("lambda").invoke(FunctionName="describe")["Payload"].read())
    return answer


@pytest.mark.usefixtures("deployed")
def test_a_function_has_its_layer_its_role_and_trusts_this_cloud(cloud: Cloud) -> None:
    answer = describe(cloud)
    assert "s3:ListAllMyBuckets" in answer.pop("denied")
    assert answer == {"layer": "from the layer", "trusted": 200, "region": "us-east-1", "operator": None}


@pytest.mark.usefixtures("deployed")
def test_a_function_of_a_template_tells_its_network(cloud: Cloud) -> None:
    network = cloud.client("lambda").get_function_configuration(FunctionName="describe")["VpcConfig"]
    assert (network["SubnetIds"], network["SecurityGroupIds"]) == (["subnet-1"], ["sg-1"])


@pytest.mark.usefixtures("deployed")
def test_a_function_for_node_finds_the_sdk_of_the_lambda_runtime(cloud: Cloud) -> None:
    client = cloud.client("lambda")
    client.create_function(
        FunctionName="node",
        Runtime="nodejs22.x",
        Role=client.get_function_configuration(FunctionName="describe")["Role"],
        Handler="index.handler",
        Timeout=20,
        Code={"ZipFile": zipped({"index.js": NODE_HANDLER})},
    )
    # Refused by IAM: so it was found, trusted and asked with the function's own credentials.
    assert json.loads(client.invoke(FunctionName="node")["Payload"].read()) == "UnauthorizedOperation"


@pytest.mark.usefixtures("deployed")
def test_what_a_function_prints_is_in_its_log_group(cloud: Cloud) -> None:
    logs = cloud.client("logs")

    def printed() -> bool:
        # The end of what a function prints may come into its log with its next invocation only.
        describe(cloud)
        events = logs.filter_log_events(logGroupName="/aws/lambda/describe")["events"]
        return any("described from the layer" in event["message"] for event in events)

    assert eventually(printed)


def test_one_bad_message_does_not_take_its_batch_along(cloud: Cloud, deployed: dict[str, str]) -> None:
    bodies = [f"good {number}" for number in range(9)] + ["bad"]
    send(cloud, deployed["Work"], bodies)
    assert sorted(report["body"] for report in seen(cloud, deployed["Seen"], 10)) == sorted(bodies)
    eventually(lambda: waiting(cloud, deployed["Work"]) == (0, 1))
    cloud.client("sqs").purge_queue(QueueUrl=deployed["Work"])


def test_concurrency_is_reserved(cloud: Cloud, deployed: dict[str, str]) -> None:
    assert deployed["Work"]
    reserved = cloud.client("lambda").get_function_concurrency(FunctionName="worker")
    assert reserved["ReservedConcurrentExecutions"] == 3


def test_new_code_serves_at_once(cloud: Cloud, deployed: dict[str, str]) -> None:
    send(cloud, deployed["Work"], ["old"])
    assert [report["version"] for report in seen(cloud, deployed["Seen"], 1)] == ["1"]
    cloud.deploy(STACK, template(cloud, "2", {"Question": "abc"}), OUTPUTS)
    send(cloud, deployed["Work"], ["new"])
    assert [report["version"] for report in seen(cloud, deployed["Seen"], 1)] == ["2"]


def test_what_is_under_way_during_an_update_ends_on_its_own_code(cloud: Cloud, deployed: dict[str, str]) -> None:
    cloud.deploy(STACK, template(cloud, "3", {"Question": "abc"}), OUTPUTS)
    send(cloud, deployed["Work"], ["slow"])
    # It is handed over, and takes three seconds from then on.
    eventually(lambda: waiting(cloud, deployed["Work"]) == (0, 1))
    cloud.deploy(STACK, template(cloud, "4", {"Question": "abc"}), OUTPUTS)
    assert [report["version"] for report in seen(cloud, deployed["Seen"], 1)] == ["3"]
    send(cloud, deployed["Work"], ["new"])
    assert [report["version"] for report in seen(cloud, deployed["Seen"], 1)] == ["4"]


def test_a_custom_resource_answers_over_tls(cloud: Cloud, deployed: dict[str, str]) -> None:
    assert deployed["Answer"] == "cba"
    changed = cloud.deploy(STACK, template(cloud, "2", {"Question": "xyz"}), OUTPUTS)
    assert changed["Answer"] == "zyx"
    with pytest.raises(DeploymentError, match="the schema cannot be migrated"):
        cloud.deploy(STACK, template(cloud, "2", {"Question": "q", "Fail": "the schema cannot be migrated"}), OUTPUTS)
