"""The customer key of a stack: whom it serves, and what its consumers are given."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import RemovalPolicy, assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from config.model import BucketConfig, Lifecycle
from constructs_lib.access import allow_sending
from constructs_lib.buckets import PrivateBucket
from constructs_lib.keys import allow_reading_secret, customer_key
from constructs_lib.logs import log_group
from stacks.base import GroundworkStack
from stacks.compose import new_app
from tests.support.synth import ACCOUNT, REGION, cdk_context

NAME = "shop-prod-queue"


def stacks(
    build: Callable[..., object], *, keys: Lifecycle | None = Lifecycle.RETAIN
) -> tuple[assertions.Template, assertions.Template]:
    """Templates of a stack with a key, and of one of a consumer, after `build` has put something into both."""
    app = new_app(cdk_context())
    env = cdk.Environment(account=ACCOUNT, region=REGION)
    holder = GroundworkStack(app, "Holder", customer_keys=keys, stack_name=NAME, env=env)
    consumer = GroundworkStack(app, "Consumer", stack_name="shop-prod-api", env=env)
    role = iam.Role(consumer, "Role", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
    build(holder, role)
    return assertions.Template.from_stack(holder), assertions.Template.from_stack(consumer)


def queue(holder: Construct, role: iam.Role) -> None:
    place = Construct(holder, "Place")
    key = customer_key(place, "sqs")
    encryption = sqs.QueueEncryption.SQS_MANAGED if key is None else sqs.QueueEncryption.KMS
    allow_sending(role, sqs.Queue(place, "Queue", encryption=encryption, encryption_master_key=key))


def secret(holder: Construct, role: iam.Role) -> None:
    place = Construct(holder, "Place")
    made = secretsmanager.Secret(place, "Secret", encryption_key=customer_key(place, "secretsmanager"))
    allow_reading_secret(role, made)


def key_statements(template: assertions.Template) -> list[dict[str, Any]]:
    (key,) = template.find_resources("AWS::KMS::Key").values()
    found: list[dict[str, Any]] = key["Properties"]["KeyPolicy"]["Statement"]
    return found


def granted(template: assertions.Template) -> dict[str, dict[str, Any]]:
    """Statements by their actions."""
    (policy,) = template.find_resources("AWS::IAM::Policy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    return {str(each["Action"]): each for each in statements}


def test_a_stack_makes_one_key_whatever_it_holds() -> None:
    def everything(holder: Construct, role: iam.Role) -> None:
        queue(holder, role)
        for name in ("First", "Second"):
            place = Construct(holder, name)
            log_group(place, "Logs", retention=logs.RetentionDays.ONE_WEEK, removal_policy=RemovalPolicy.RETAIN)
            PrivateBucket(place, "Bucket", config=BucketConfig(), lifecycle=Lifecycle.RETAIN)

    holder, _ = stacks(everything)
    (name,) = holder.find_resources("AWS::KMS::Key")
    by_it = {"Fn::GetAtt": [name, "Arn"]}
    holder.all_resources_properties("AWS::Logs::LogGroup", {"KmsKeyId": by_it})
    holder.all_resources_properties("AWS::SQS::Queue", {"KmsMasterKeyId": by_it})
    rule = {
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": by_it},
        "BucketKeyEnabled": True,
    }
    encryption = {"ServerSideEncryptionConfiguration": [rule]}
    holder.all_resources_properties("AWS::S3::Bucket", {"BucketEncryption": encryption})
    holder.has_resource_properties("AWS::KMS::Alias", {"AliasName": f"alias/{NAME}", "TargetKeyId": by_it})
    services = [
        each["Condition"]["StringEquals"]["kms:ViaService"]
        for each in key_statements(holder)
        if "StringEquals" in each.get("Condition", {})
    ]
    # Each is named once, however many resources are of it.
    assert sorted(services) == [f"s3.{REGION}.amazonaws.com", f"sqs.{REGION}.amazonaws.com"]


@pytest.mark.parametrize(
    ("lifecycle", "policy"),
    [(Lifecycle.DESTROY, "Delete"), (Lifecycle.SNAPSHOT, "Retain"), (Lifecycle.RETAIN, "Retain")],
)
def test_a_key_stays_wherever_what_it_encrypts_stays(lifecycle: Lifecycle, policy: str) -> None:
    """A snapshot under a key that is gone is lost."""
    holder, _ = stacks(queue, keys=lifecycle)
    holder.has_resource("AWS::KMS::Key", {"DeletionPolicy": policy, "UpdateReplacePolicy": policy})


def test_without_customer_keys_there_is_none_and_nobody_is_given_one() -> None:
    for build in (queue, secret):
        holder, consumer = stacks(build, keys=None)
        holder.resource_count_is("AWS::KMS::Key", 0)
        assert "kms:" not in str(consumer.to_json())


def test_a_stack_that_holds_nothing_makes_none() -> None:
    holder, _ = stacks(lambda _holder, _role: None)
    holder.resource_count_is("AWS::KMS::Key", 0)


def test_administrators_look_after_it_and_cannot_use_it() -> None:
    holder, _ = stacks(queue)
    (administration,) = (each for each in key_statements(holder) if each.get("Sid") == "Administration")
    uses = {"Decrypt", "Encrypt", "GenerateDataKey", "CreateGrant", "ReEncryptFrom", "Sign"}
    assert not uses & {action.removeprefix("kms:") for action in administration["Action"]}
    assert "kms:PutKeyPolicy" in administration["Action"]


def test_it_serves_the_named_service_only_and_for_this_account() -> None:
    holder, _ = stacks(queue)
    (use,) = (each for each in key_statements(holder) if each.get("Sid") == "UseSqs")
    assert use["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert use["Condition"] == {
        "StringEquals": {"kms:ViaService": f"sqs.{REGION}.amazonaws.com", "kms:CallerAccount": ACCOUNT}
    }


def test_cloudwatch_uses_it_for_the_log_groups_of_its_stack_only() -> None:
    holder, _ = stacks(queue)
    (statement,) = (
        each for each in key_statements(holder) if each["Principal"] == {"Service": f"logs.{REGION}.amazonaws.com"}
    )
    groups = statement["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"
    # A firewall's begins as AWS asks for, and ends in what no other stack's does.
    assert sorted(groups) == [f"{arn}:aws-waf-logs-{NAME}-*", f"{arn}:{NAME}-*"]


def test_who_sends_may_encrypt_by_way_of_the_queue_only() -> None:
    _, consumer = stacks(queue)
    statement = granted(consumer)["['kms:Decrypt', 'kms:GenerateDataKey']"]
    assert statement["Condition"] == {"StringEquals": {"kms:ViaService": f"sqs.{REGION}.amazonaws.com"}}
    assert granted(consumer).keys() == {"sqs:SendMessage", "['kms:Decrypt', 'kms:GenerateDataKey']"}


def test_who_reads_a_secret_may_decrypt_that_one_only() -> None:
    """Several secrets are under the key of a stack: without the context, one permission would open all of them."""
    _, consumer = stacks(secret)
    statements = granted(consumer)
    assert statements.keys() == {"secretsmanager:GetSecretValue", "kms:Decrypt"}
    equals = statements["kms:Decrypt"]["Condition"]["StringEquals"]
    assert equals["kms:EncryptionContext:SecretARN"] == statements["secretsmanager:GetSecretValue"]["Resource"]
    assert equals["kms:ViaService"] == f"secretsmanager.{REGION}.amazonaws.com"


def test_consumers_change_nothing_in_the_stack_of_the_key() -> None:
    """Else the key would wait for them, and they for the key."""
    with_consumer = stacks(secret)[0].find_resources("AWS::KMS::Key")

    def alone(holder: Construct, _role: iam.Role) -> None:
        place = Construct(holder, "Place")
        secretsmanager.Secret(place, "Secret", encryption_key=customer_key(place, "secretsmanager"))

    assert stacks(alone)[0].find_resources("AWS::KMS::Key") == with_consumer
