"""A secret that names a function is rotated by that function, and by nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.emulator.cloud import Cloud, DeploymentError
from tests.local.emulator.test_permissions import role_for
from tests.support.eventually import eventually

STACK = "rotated"
STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]
# Keeps in the tags of the secret which steps it was asked for; fails at the one that the secret's description names.
HANDLER = """
import boto3
from botocore.exceptions import ClientError

def handler(event, context):
    secrets = boto3.client("secretsmanager")
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    found = secrets.describe_secret(SecretId=arn)
    asked = {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}.get("steps", "")
    secrets.tag_resource(SecretId=arn, Tags=[{"Key": "steps", "Value": (asked + " " + step).strip()}])
    if step == found["Description"]:
        raise ValueError("refused")
    if step == "createSecret":
        try:
            secrets.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")
            raise AssertionError("there was a value before")
        except secrets.exceptions.ResourceNotFoundException:
            pass
        secrets.put_secret_value(
            SecretId=arn, ClientRequestToken=token, SecretString="new " + token, VersionStages=["AWSPENDING"]
        )
    if step == "finishSecret":
        (current,) = (id for id, stages in found["VersionIdsToStages"].items() if "AWSCURRENT" in stages)
        secrets.update_secret_version_stage(
            SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
        )
"""


@pytest.fixture(scope="module")
def role(cloud: Cloud) -> str:
    actions = ("Describe", "Get", "Put", "Update")
    names = {"Describe": "DescribeSecret", "Get": "GetSecretValue", "Put": "PutSecretValue"}
    allowed = [f"secretsmanager:{names.get(each, 'UpdateSecretVersionStage')}" for each in actions]
    return role_for(cloud, "rotator", "lambda.amazonaws.com", *allowed, "secretsmanager:TagResource")


@pytest.fixture(autouse=True)
def deleted(cloud: Cloud) -> Iterator[None]:
    yield
    cloud.delete(STACK)


def deployed(cloud: Cloud, role: str, *, fails_at: str = "-", **schedule: Any) -> str:
    resources = {
        "Secret": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {"SecretString": "old", "Description": fails_at},
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"ZipFile": HANDLER},
                "Handler": "index.handler",
                "Role": role,
                "Runtime": "python3.13",
                "Timeout": 20,
            },
        },
        "Schedule": {
            "Type": "AWS::SecretsManager::RotationSchedule",
            "Properties": {
                "SecretId": {"Ref": "Secret"},
                "RotationLambdaARN": {"Fn::GetAtt": ["Function", "Arn"]},
                "RotationRules": {"AutomaticallyAfterDays": 30},
                **schedule,
            },
        },
    }
    return cloud.deploy(STACK, resources, {"Arn": {"Ref": "Secret"}})["Arn"]


def asked(cloud: Cloud, arn: str) -> list[str]:
    tags = cloud.client("secretsmanager").describe_secret(SecretId=arn).get("Tags", [])
    return {tag["Key"]: str(tag["Value"]) for tag in tags}.get("steps", "").split()


def value(cloud: Cloud, arn: str, stage: str = "AWSCURRENT") -> str:
    return str(cloud.client("secretsmanager").get_secret_value(SecretId=arn, VersionStage=stage)["SecretString"])


def test_a_new_schedule_has_its_function_test_the_value_there_is(cloud: Cloud, role: str) -> None:
    arn = deployed(cloud, role, RotateImmediatelyOnUpdate=False)
    assert asked(cloud, arn) == ["testSecret"]
    assert value(cloud, arn) == "old"
    versions = cloud.client("secretsmanager").describe_secret(SecretId=arn)["VersionIdsToStages"]
    assert list(versions.values()) == [["AWSCURRENT"]]


def test_a_schedule_whose_function_fails_the_test_is_not_made(cloud: Cloud, role: str) -> None:
    with pytest.raises(DeploymentError, match="failed at testSecret"):
        deployed(cloud, role, fails_at="testSecret", RotateImmediatelyOnUpdate=False)


def test_a_rotation_goes_through_the_four_steps(cloud: Cloud, role: str) -> None:
    arn = deployed(cloud, role, RotateImmediatelyOnUpdate=False)
    token = cloud.client("secretsmanager").rotate_secret(SecretId=arn)["VersionId"]
    eventually(lambda: value(cloud, arn) == f"new {token}")
    assert asked(cloud, arn) == ["testSecret", *STEPS]
    assert value(cloud, arn, "AWSPREVIOUS") == "old"


def test_a_schedule_rotates_at_once_unless_told_otherwise(cloud: Cloud, role: str) -> None:
    arn = deployed(cloud, role)
    eventually(lambda: value(cloud, arn).startswith("new "))
    assert asked(cloud, arn) == STEPS


def test_a_step_that_fails_leaves_the_value_and_can_be_tried_again(cloud: Cloud, role: str) -> None:
    arn = deployed(cloud, role, fails_at="setSecret", RotateImmediatelyOnUpdate=False)
    secrets = cloud.client("secretsmanager")
    secrets.rotate_secret(SecretId=arn)
    eventually(lambda: "setSecret" in asked(cloud, arn))
    assert value(cloud, arn) == "old"
    secrets.update_secret(SecretId=arn, Description="mended")

    def rotated() -> bool:
        # Refused while the first one has not ended.
        try:
            secrets.rotate_secret(SecretId=arn)
        except secrets.exceptions.InvalidRequestException:
            return False
        return True

    eventually(rotated)
    eventually(lambda: value(cloud, arn).startswith("new "))
