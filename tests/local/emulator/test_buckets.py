"""A bucket of a template encrypts by the key that the template names, and that key is asked for."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.emulator.cloud import Cloud
from tests.local.emulator.test_permissions import role_for

STACK, ROLE = "encrypted-bucket", "encrypted-bucket-writer"


def template(encryption: dict[str, Any] | None) -> dict[str, Any]:
    rule = {"ServerSideEncryptionByDefault": encryption, "BucketKeyEnabled": True}
    properties = {"BucketEncryption": {"ServerSideEncryptionConfiguration": [rule]}} if encryption else {}
    key = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}],
    }
    return {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": key}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": properties},
    }


OUTPUTS = {"Bucket": {"Ref": "Bucket"}, "Key": {"Fn::GetAtt": ["Key", "Arn"]}}
BY_KEY = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]}}


@pytest.fixture(autouse=True)
def _delete_afterwards(cloud: Cloud) -> Iterator[None]:
    yield
    cloud.delete(STACK)


def rule(cloud: Cloud, bucket: str) -> dict[str, Any]:
    found = cloud.client("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    return dict(found["Rules"][0])


def test_it_is_encrypted_as_its_template_says(cloud: Cloud) -> None:
    made = cloud.deploy(STACK, template(BY_KEY), OUTPUTS)
    assert rule(cloud, made["Bucket"]) == {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": made["Key"]},
        "BucketKeyEnabled": True,
    }
    cloud.deploy(STACK, template({"SSEAlgorithm": "AES256"}), OUTPUTS)
    assert rule(cloud, made["Bucket"])["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    cloud.deploy(STACK, template(None), OUTPUTS)
    assert rule(cloud, made["Bucket"])["BucketKeyEnabled"] is False


def test_the_cdk_cli_can_upload_to_its_own_bucket(cloud: Cloud) -> None:
    """That of its bootstrap names AWS's own key by naming none, and the CLI asks for the same."""
    made = cloud.deploy(STACK, template({"SSEAlgorithm": "aws:kms"}), OUTPUTS)
    by_default = rule(cloud, made["Bucket"])["ApplyServerSideEncryptionByDefault"]
    assert by_default == {"SSEAlgorithm": "AES256"}


def test_who_writes_has_to_have_leave_for_the_key(cloud: Cloud) -> None:
    made = cloud.deploy(STACK, template(BY_KEY), OUTPUTS)
    role = role_for(cloud, ROLE, "lambda.amazonaws.com", "s3:PutObject")
    # The key's own policy lets everybody, so that the role's is what decides.
    kms = {"Effect": "Deny", "Action": "kms:GenerateDataKey", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [kms]}
    iam = cloud.client("iam")
    iam.put_role_policy(RoleName=ROLE, PolicyName="no-key", PolicyDocument=json.dumps(policy))
    client = cloud.client_of("s3", cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"])
    with pytest.raises(ClientError, match="AccessDenied"):
        client.put_object(Bucket=made["Bucket"], Key="text", Body=b"text")
    iam.delete_role_policy(RoleName=ROLE, PolicyName="no-key")
    client.put_object(Bucket=made["Bucket"], Key="text", Body=b"text")
    cloud.client("s3").delete_object(Bucket=made["Bucket"], Key="text")
