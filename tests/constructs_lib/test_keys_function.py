"""Decisions of the function that makes, lists and revokes API keys."""

from functools import cache
from typing import Any

import aws_cdk as cdk
from aws_cdk import assertions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_secretsmanager as secretsmanager

from config.model import Uses
from constructs_lib.access import Access, Database, Resources
from constructs_lib.keys_function import KeysFunction
from constructs_lib.providers import LOCAL
from tests.support.given import config, options, template_of, vpc


@cache
def keys() -> assertions.Template:
    """The function as the user `keys` of a database that has another user, and a master, besides."""

    def build(stack: cdk.Stack) -> None:
        network = vpc(stack)
        database = Database(
            network=ec2.SecurityGroup(stack, "Server", vpc=network),
            port=5432,
            master_secret=secretsmanager.Secret(stack, "Master"),
            host="orders.example",
            endpoint_port="5432",
            name="orders",
            schema="shop_order",
            arn="arn:aws:rds:eu-central-1:123456789012:db:orders",
            users={user: secretsmanager.Secret(stack, f"UserOf{user.capitalize()}") for user in ("api", "keys")},
        )
        KeysFunction(
            stack,
            "Keys",
            vpc=network,
            access=Access(Uses(database="orders"), Resources(databases={"orders": database}), LOCAL, user="keys"),
            options=options(config()),
        )

    return template_of(build)


def function() -> dict[str, Any]:
    (found,) = keys().find_resources("AWS::Lambda::Function").values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def secret_of(name: str) -> dict[str, str]:
    (found,) = (each for each in keys().find_resources("AWS::SecretsManager::Secret") if each.startswith(name))
    return {"Ref": found}


def test_it_signs_in_to_the_database_of_the_service_as_the_user_it_is_given() -> None:
    variables = function()["Environment"]["Variables"]
    assert variables["DATABASE_NAME"] == "orders"
    assert variables["DATABASE_SECRET_ARN"] == secret_of("UserOfKeys")


def test_beside_its_role_it_is_granted_the_secret_of_that_user_and_nothing_else() -> None:
    """Keys are rows of the database: neither another user's password nor the master's is needed to make one."""
    granted = [
        (statement["Action"], statement["Resource"])
        for policy in keys().find_resources("AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
    assert granted == [("secretsmanager:GetSecretValue", secret_of("UserOfKeys"))]


def test_it_makes_its_way_to_the_database_itself() -> None:
    (group,) = function()["VpcConfig"]["SecurityGroupIds"]
    (rule,) = (each["Properties"] for each in keys().find_resources("AWS::EC2::SecurityGroupIngress").values())
    assert (rule["SourceSecurityGroupId"], rule["FromPort"], rule["ToPort"]) == (group, 5432, 5432)


def test_it_stands_where_the_database_can_be_reached_from() -> None:
    private = [each for each in keys().find_resources("AWS::EC2::Subnet") if "PrivateSubnet" in each]
    assert private != []
    assert function()["VpcConfig"]["SubnetIds"] == [{"Ref": each} for each in private]


def test_one_runs_at_a_time_and_no_longer_than_the_cli_waits() -> None:
    """Two at a time could exceed the number of keys there may be."""
    assert function()["ReservedConcurrentExecutions"] == 1
    assert function()["Timeout"] <= 60


def test_nothing_calls_it_by_itself() -> None:
    """Whoever could call it could make themselves a key: AWS's own permission for it is asked of each caller."""
    for kind in ("AWS::Scheduler::Schedule", "AWS::Events::Rule", "AWS::Lambda::EventSourceMapping"):
        keys().resource_count_is(kind, 0)
    for kind in ("AWS::Lambda::Permission", "AWS::Lambda::Url"):
        keys().resource_count_is(kind, 0)
