"""The role that GitHub's workflows deploy with, asked for by tokens of theirs and of others."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from botocore.exceptions import ClientError

from config.model import DeployAccessConfig
from constructs_lib.deploy_access import DeployAccess
from tests.local.emulator.cloud import ACCOUNT, REGION, Cloud
from tests.support.synth import cdk_context

STACK = "deploy-access"
ISSUER = "https://token.actions.githubusercontent.com"
BOOTSTRAP_ROLE = f"cdk-hnb659fds-deploy-role-{ACCOUNT}-{REGION}"


def template() -> dict[str, Any]:
    """The resources of the real construct."""
    environment = cdk.Environment(account=ACCOUNT, region=REGION)
    stack = cdk.Stack(cdk.App(context=cdk_context()), "Access", env=environment)
    config = DeployAccessConfig(repository="acme/shop")
    DeployAccess(stack, "Access", config=config, environment="prod", bootstrap_qualifier="hnb659fds")
    resources: dict[str, Any] = assertions.Template.from_stack(stack).to_json()["Resources"]
    return resources


@pytest.fixture
def role(cloud: Cloud) -> Iterator[str]:
    """ARN of the deployed role."""
    resources = template()
    (name,) = (name for name, each in resources.items() if each["Type"] == "AWS::IAM::Role")
    yield cloud.deploy(STACK, resources, {"Role": {"Fn::GetAtt": [name, "Arn"]}})["Role"]
    cloud.delete(STACK)


def credentials(cloud: Cloud, role: str, subject: str, *, audience: str = "sts.amazonaws.com") -> dict[str, str]:
    """What STS gives for a token; the emulator reads its claims, and has no issuer's key to look at its signature."""

    def part(content: dict[str, str]) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    token = ".".join((part({"alg": "RS256"}), part({"iss": ISSUER, "aud": audience, "sub": subject}), "signature"))
    answer = cloud.client("sts").assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="deployment", WebIdentityToken=token
    )
    found: dict[str, str] = answer["Credentials"]
    return found


def test_a_job_of_the_environment_assumes_the_roles_of_the_bootstrap_and_no_other(cloud: Cloud, role: str) -> None:
    given = credentials(cloud, role, "repo:acme/shop:environment:prod")
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam = cloud.client("iam")
    for name in (BOOTSTRAP_ROLE, "administrator"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    sts = cloud.client_of("sts", given)
    assumed = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{BOOTSTRAP_ROLE}", RoleSessionName="cdk")
    assert assumed["Credentials"]["AccessKeyId"]
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/administrator", RoleSessionName="cdk")
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.client_of("iam", given).list_roles()


@pytest.mark.parametrize(
    "subject",
    [
        "repo:acme/shop:ref:refs/heads/main",
        "repo:acme/shop:environment:dev",
        "repo:acme/shop-fork:environment:prod",
        "repo:evil/shop:environment:prod",
        "repo:acme/shop:pull_request",
    ],
)
def test_another_repository_branch_or_environment_is_refused(cloud: Cloud, role: str, subject: str) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        credentials(cloud, role, subject)


def test_a_token_for_somebody_else_is_refused(cloud: Cloud, role: str) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        credentials(cloud, role, "repo:acme/shop:environment:prod", audience="https://github.com/acme")


def test_the_provider_knows_whom_tokens_are_meant_for(cloud: Cloud, role: str) -> None:
    assert role
    iam = cloud.client("iam")
    (provider,) = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
    assert found["ClientIDList"] == ["sts.amazonaws.com"]
    assert f"https://{found['Url'].removeprefix('https://')}" == ISSUER
