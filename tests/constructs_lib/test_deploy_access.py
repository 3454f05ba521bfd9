"""Who gets the role that deploys: jobs of one environment of one repository, and nobody who only resembles them."""

from functools import cache
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions

from config.model import DeployAccessConfig
from constructs_lib.deploy_access import BOOTSTRAP_ROLES, DeployAccess
from constructs_lib.permissions import permissions_boundary
from tests.support.synth import cdk_context

ACCOUNT, REGION = "123456789012", "eu-central-1"
GITHUB = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"
SUBJECT = "repo:acme/shop:environment:prod"
GRANTED = {f"{GITHUB}:aud": "sts.amazonaws.com", f"{GITHUB}:sub": SUBJECT}


@cache
def made(qualifier: str = "hnb659fds", **given: Any) -> assertions.Template:
    config = DeployAccessConfig.model_validate({"repository": "acme/shop", **given})
    stack = cdk.Stack(
        cdk.App(context=cdk_context()),
        "Access",
        env=cdk.Environment(account=ACCOUNT, region=REGION),
        permissions_boundary=permissions_boundary("workload"),
    )
    DeployAccess(stack, "Access", config=config, environment="prod", bootstrap_qualifier=qualifier)
    return assertions.Template.from_stack(stack)


def role(qualifier: str = "hnb659fds", **given: Any) -> dict[str, Any]:
    (found,) = made(qualifier, **given).find_resources("AWS::IAM::Role").values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def lets_in(claims: dict[str, str]) -> bool:
    """What STS answers to a token: each statement's conditions, compared as a whole and by letter."""
    (statement,) = role()["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    # Any other operator, such as StringLike, would have to be evaluated otherwise.
    assert statement["Condition"].keys() == {"StringEquals"}
    return all(claims.get(key) == value for key, value in statement["Condition"]["StringEquals"].items())


def test_a_job_of_the_environment_gets_it() -> None:
    assert lets_in(GRANTED)


@pytest.mark.parametrize(
    "subject",
    [
        "repo:acme/shop:environment:dev",
        "repo:acme/shop:environment:prod2",
        "repo:acme/shop:environment:Prod",
        "repo:acme/shop:ref:refs/heads/main",
        "repo:acme/shop:ref:refs/heads/environment:prod",
        "repo:acme/shop:pull_request",
        "repo:acme/shop-fork:environment:prod",
        "repo:evil/shop:environment:prod",
        "repo:acme/shop:environment:prod:ref:refs/heads/main",
        "repo:*:environment:prod",
        "",
    ],
)
def test_another_repository_branch_or_environment_is_refused(subject: str) -> None:
    assert not lets_in({**GRANTED, f"{GITHUB}:sub": subject})


def test_a_token_for_somebody_else_is_refused() -> None:
    assert not lets_in({**GRANTED, f"{GITHUB}:aud": "https://github.com/acme"})
    assert not lets_in({f"{GITHUB}:sub": SUBJECT})


def test_nothing_in_the_trust_is_a_pattern() -> None:
    (statement,) = role()["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"]["StringEquals"] == GRANTED
    assert not any(sign in value for value in GRANTED.values() for sign in "*?")


def test_it_may_assume_the_roles_of_the_bootstrap_and_nothing_else() -> None:
    (policy,) = role()["Policies"]
    assert made().find_resources("AWS::IAM::Policy") == {}
    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": [
                f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-{name}-role-{ACCOUNT}-{REGION}" for name in BOOTSTRAP_ROLES
            ],
        }
    ]
    # The role that CloudFormation creates with is handed over by the first of these, and assumed by nobody.
    assert "cfn-exec" not in str(policy)


def test_its_roles_are_those_of_the_bootstrap_that_config_names() -> None:
    (policy,) = role("acme")["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert len(statement["Resource"]) == len(BOOTSTRAP_ROLES)
    assert all(f":role/cdk-acme-{name}-role-" in str(statement["Resource"]) for name in BOOTSTRAP_ROLES)
    assert "hnb659fds" not in str(policy)


def test_it_ends_soon_and_is_bounded() -> None:
    assert role()["MaxSessionDuration"] == 3600
    assert role(session_hours=4)["MaxSessionDuration"] == 4 * 3600
    assert role()["PermissionsBoundary"] == f"arn:aws:iam::{ACCOUNT}:policy/workload"


def test_the_provider_is_made_or_the_one_of_the_account() -> None:
    (provider,) = made().find_resources("AWS::IAM::OIDCProvider").values()
    assert provider["Properties"] == {"Url": f"https://{GITHUB}", "ClientIdList": ["sts.amazonaws.com"]}
    (name,) = made().find_resources("AWS::IAM::OIDCProvider")
    trusted = role()["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
    assert trusted == {"Federated": {"Fn::GetAtt": [name, "Arn"]}}
    made(provider_arn=PROVIDER).resource_count_is("AWS::IAM::OIDCProvider", 0)
    trusted = role(provider_arn=PROVIDER)["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
    assert trusted == {"Federated": PROVIDER}


def test_an_environment_may_be_called_otherwise_at_github() -> None:
    (statement,) = role(github_environment="Production")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"]["StringEquals"][f"{GITHUB}:sub"] == "repo:acme/shop:environment:Production"
