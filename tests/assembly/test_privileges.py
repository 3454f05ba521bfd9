"""Roles and grants are read from templates as they are deployed."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs

from assembly.cli import main
from assembly.privileges.model import Granted, Role
from assembly.privileges.read import read_roles


@pytest.fixture(scope="module")
def folder() -> Path:
    """A function whose role may send, read a secret of another stack, and do two things everywhere but somewhere."""
    paths = {"aws:cdk:enable-path-metadata": True}
    app = cdk.App(context={"@aws-cdk/core:defaultCrossStackReferences": "weak"} | paths)
    data, work = cdk.Stack(app, "Data", stack_name="demo-data"), cdk.Stack(app, "Work", stack_name="demo-work")
    secret = secretsmanager.Secret(data, "Token")
    queue = sqs.Queue(work, "Queue")
    function = lambda_.Function(
        work,
        "Function",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="index.handler",
        code=lambda_.Code.from_inline("def handler(event, context): pass"),
    )
    secret.grant_read(function)
    function.add_to_role_policy(
        iam.PolicyStatement(
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn, f"{queue.queue_arn}-more"],
            conditions={"StringEquals": {"aws:PrincipalAccount": work.account}},
        )
    )
    function.add_to_role_policy(iam.PolicyStatement(actions=["sns:Publish"], not_resources=["arn:aws:sns:*:*:*"]))
    function.add_to_role_policy(
        iam.PolicyStatement(effect=iam.Effect.DENY, actions=["sqs:PurgeQueue"], resources=["*"])
    )
    iam.Role(work, "Idle", assumed_by=iam.AccountRootPrincipal())
    return Path(app.synth().directory)


def role(folder: Path, path: str) -> Role:
    (found,) = (each for each in read_roles(folder) if each.path == path)
    return found


def grants(found: Role) -> set[tuple[str, str, str]]:
    return {(each.action, each.resource, each.condition) for each in found.granted}


def test_each_action_on_each_resource_is_a_grant_of_its_own(folder: Path) -> None:
    found = role(folder, "Work/Function/ServiceRole")
    assert found.principals == ("lambda.amazonaws.com",)
    condition = "StringEquals aws:PrincipalAccount ACCOUNT"
    assert grants(found) == {
        ("secretsmanager:GetSecretValue", "<Data/Token>", ""),
        ("secretsmanager:DescribeSecret", "<Data/Token>", ""),
        ("sqs:SendMessage", "<Work/Queue>", condition),
        ("sqs:SendMessage", "<Work/Queue>-more", condition),
        ("sns:Publish", "all but arn:aws:sns:*:*:*", ""),
        ("*", "*", ""),
    }


def test_a_grant_knows_its_place_in_the_policy(folder: Path) -> None:
    found = role(folder, "Work/Function/ServiceRole")
    template = json.loads((folder / "Work.template.json").read_text())
    policies = [each["Properties"] for each in template["Resources"].values() if each["Type"] == "AWS::IAM::Policy"]
    (policy,) = policies
    for each in found.granted:
        if each.policy.startswith("arn:"):
            assert each.policy == "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
            continue
        assert each.policy == policy["PolicyName"]
        statement = policy["PolicyDocument"]["Statement"][each.statement]
        assert each.action in _listed(statement["Action"])
        assert each.resource_index < len(_listed(statement.get("Resource", "*")))


def test_a_role_without_grants_has_none(folder: Path) -> None:
    found: tuple[Granted, ...] = role(folder, "Work/Idle").granted
    assert found == ()


def test_the_command_prints_a_block_per_role(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["privileges", "--assembly", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "Work/Function/ServiceRole   (lambda.amazonaws.com)" in printed
    assert "sns:Publish   on all but arn:aws:sns:*:*:*" in printed
    assert printed.endswith("2 roles, 6 grants\n")
    assert main(["privileges", "--assembly", str(folder / "none")]) == 2


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
