"""Decisions of a bucket that AWS writes logs to."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_logs as logs

from config.model import Lifecycle
from constructs_lib.log_bucket import LogBucket
from tests.support.given import template_of


def bucket(lifecycle: Lifecycle = Lifecycle.RETAIN) -> assertions.Template:
    def build(stack: cdk.Stack) -> None:
        made = LogBucket(stack, "Logs", expire_days=40, lifecycle=lifecycle, log_retention=logs.RetentionDays.ONE_MONTH)
        made.allow_load_balancer()
        made.allow_log_delivery()

    return template_of(build)


def statements() -> dict[str, dict[str, Any]]:
    (policy,) = bucket().find_resources("AWS::S3::BucketPolicy").values()
    return {one.get("Sid", one["Effect"]): one for one in policy["Properties"]["PolicyDocument"]["Statement"]}


def test_it_is_private_encrypted_by_s3_and_ends_its_logs() -> None:
    (made,) = bucket().find_resources("AWS::S3::Bucket").values()
    it = made["Properties"]
    assert all(it["PublicAccessBlockConfiguration"].values())
    (rule,) = it["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    # A load balancer writes to no bucket under a key of KMS.
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    (expiry,) = it["LifecycleConfiguration"]["Rules"]
    assert (expiry["ExpirationInDays"], expiry["Status"]) == (40, "Enabled")
    assert made["DeletionPolicy"] == "Retain"


def test_it_is_reached_by_tls_only() -> None:
    refused = statements()["Deny"]
    assert refused["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert (refused["Action"], refused["Principal"]) == ("s3:*", {"AWS": "*"})


def test_who_writes_may_only_write_and_only_for_this_account() -> None:
    balancer, delivery = statements()["LoadBalancer"], statements()["LogDelivery"]
    assert balancer["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    for statement in (balancer, delivery):
        assert statement["Action"] == "s3:PutObject"
        *_, tail = statement["Resource"]["Fn::Join"][1]
        assert tail == "/*"
        assert {"Ref": "AWS::AccountId"} in statement["Resource"]["Fn::Join"][1]
    assert delivery["Condition"]["StringEquals"]["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert "AWS::Region" in str(delivery["Condition"]["ArnLike"]["aws:SourceArn"])


@pytest.mark.parametrize(("lifecycle", "policy"), [(Lifecycle.DESTROY, "Delete"), (Lifecycle.SNAPSHOT, "Retain")])
def test_logs_go_and_stay_with_their_environment(lifecycle: Lifecycle, policy: str) -> None:
    template = bucket(lifecycle)
    (made,) = template.find_resources("AWS::S3::Bucket").values()
    assert made["DeletionPolicy"] == policy
    emptied = template.find_resources("Custom::S3AutoDeleteObjects")
    assert len(emptied) == (1 if policy == "Delete" else 0)
