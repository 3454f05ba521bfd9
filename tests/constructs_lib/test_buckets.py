"""Decisions of buckets."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions

from config.model import BucketConfig, Lifecycle
from constructs_lib.buckets import PrivateBucket
from tests.support.given import template_of


def bucket(lifecycle: Lifecycle = Lifecycle.RETAIN, **given: Any) -> assertions.Template:
    return template_of(lambda stack: PrivateBucket(stack, "Media", config=BucketConfig(**given), lifecycle=lifecycle))


def properties(template: assertions.Template) -> Mapping[str, Any]:
    (found,) = template.find_resources("AWS::S3::Bucket").values()
    made: Mapping[str, Any] = found["Properties"]
    return made


def rule(**given: Any) -> Mapping[str, Any]:
    (found,) = properties(bucket(**given))["LifecycleConfiguration"]["Rules"]
    assert found["Status"] == "Enabled"
    made: Mapping[str, Any] = found
    return made


def test_nothing_in_it_can_be_made_public() -> None:
    found = properties(bucket())
    block = found["PublicAccessBlockConfiguration"]
    assert len(block) == 4
    assert all(block.values())
    # Access lists of single objects would go past the bucket's policy.
    assert found["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_encrypted_and_reached_by_tls_only() -> None:
    template = bucket()
    (encryption,) = properties(template)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    denied = assertions.Match.object_like(
        {"Effect": "Deny", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    )
    template.has_resource_properties(
        "AWS::S3::BucketPolicy", {"PolicyDocument": {"Statement": assertions.Match.array_with([denied])}}
    )


def test_what_is_overwritten_or_deleted_can_be_had_back_for_a_while() -> None:
    assert properties(bucket())["VersioningConfiguration"] == {"Status": "Enabled"}
    assert rule(noncurrent_days=7)["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}


def test_objects_go_after_their_time_if_they_have_one() -> None:
    assert rule(expire_days=30)["ExpirationInDays"] == 30
    assert "ExpirationInDays" not in rule()


def test_markers_of_deleted_objects_go_too() -> None:
    """They slow every listing down. In a rule that expires objects, S3 clears them unasked and refuses to be asked."""
    assert rule()["ExpiredObjectDeleteMarker"] is True
    assert "ExpiredObjectDeleteMarker" not in rule(expire_days=30)


def test_unfinished_uploads_go() -> None:
    """Their parts are paid for, and no listing shows them."""
    assert rule()["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def test_old_objects_move_to_cheaper_storage_where_asked_for() -> None:
    assert rule(infrequent_access_days=60)["Transitions"] == [{"StorageClass": "STANDARD_IA", "TransitionInDays": 60}]
    assert "Transitions" not in rule()


@pytest.mark.parametrize(
    ("lifecycle", "policy", "emptied"),
    [(Lifecycle.DESTROY, "Delete", 1), (Lifecycle.SNAPSHOT, "Retain", 0), (Lifecycle.RETAIN, "Retain", 0)],
)
def test_objects_go_with_the_bucket_only_where_its_lifecycle_says_so(
    lifecycle: Lifecycle, policy: str, emptied: int
) -> None:
    """Without the function that empties it, CloudFormation fails to delete a bucket with objects in it."""
    template = bucket(lifecycle)
    (found,) = template.find_resources("AWS::S3::Bucket").values()
    assert found["DeletionPolicy"] == found["UpdateReplacePolicy"] == policy
    template.resource_count_is("Custom::S3AutoDeleteObjects", emptied)


def test_the_function_that_empties_it_may_do_what_it_calls_and_nothing_else(tmp_path: Path) -> None:
    """The CDK's own code tells what it calls; without one of them, a bucket with objects in it cannot be deleted."""
    stack = cdk.Stack(cdk.App(outdir=str(tmp_path)), "Test")
    PrivateBucket(stack, "Media", config=BucketConfig(), lifecycle=Lifecycle.DESTROY)
    cdk.App.of(stack).synth()  # type: ignore[union-attr]
    (code,) = (
        path.read_text() for path in tmp_path.glob("asset.*/index.js") if "listObjectVersions" in path.read_text()
    )
    called = {f"s3:{name[0].upper()}{name[1:]}" for name in re.findall(r"\.((?:get|put|list|delete)[A-Z]\w*)\(", code)}
    template = bucket(Lifecycle.DESTROY)
    (policy,) = template.find_resources("AWS::S3::BucketPolicy").values()
    (granted,) = (
        set(each["Action"]) for each in policy["Properties"]["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"
    )
    # S3 asks for these to list versions, and to delete them.
    asked = {"s3:ListObjectVersions": {"s3:ListBucket", "s3:ListBucketVersions"}}
    asked |= {"s3:DeleteObjects": {"s3:DeleteObject", "s3:DeleteObjectVersion"}}
    assert called >= asked.keys()
    assert granted == {action for name in called for action in asked.get(name, {name})}
