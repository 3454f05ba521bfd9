"""Decisions of a database's users: their secrets, and the function that rotates them."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import aws_cdk as cdk
from aws_cdk import assertions

from config.model import AuroraConfig, Lifecycle
from constructs_lib.aurora import AuroraPostgres
from constructs_lib.database_users import PasswordRotation, user_secrets
from constructs_lib.migrations import Migrations
from tests.support.given import config, options, template_of, vpc


@cache
def made(*users: str, lifecycle: Lifecycle = Lifecycle.DESTROY) -> assertions.Template:
    it = config()
    given = it.databases["notifications"]
    assert isinstance(given, AuroraConfig)

    def build(stack: cdk.Stack) -> None:
        network = vpc(stack)
        server = AuroraPostgres(stack, "Postgres", vpc=network, config=given, lifecycle=lifecycle, alarm_topic=None)
        database = user_secrets(stack, "Users", database=server.database, users=users, lifecycle=lifecycle)
        migrations = Migrations(stack, "Migrations", vpc=network, database=database, options=options(it))
        PasswordRotation(
            stack,
            "Rotation",
            vpc=network,
            database=database,
            days=12,
            migrated=migrations.run,
            options=options(it),
        )

    return template_of(build)


def of_users(template: assertions.Template) -> dict[str, Mapping[str, Any]]:
    return {
        name: secret
        for name, secret in template.find_resources("AWS::SecretsManager::Secret").items()
        if name.startswith("Users")
    }


def statements(template: assertions.Template, function: str) -> list[dict[str, Any]]:
    return [
        statement
        for policy in template.find_resources("AWS::IAM::Policy").values()
        if function in str(policy["Properties"]["Roles"])
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "secretsmanager" in str(statement["Action"])
    ]


def test_each_user_has_a_generated_password_for_its_first_login() -> None:
    secrets = of_users(made("api", "order_items"))
    templates = [found["Properties"]["GenerateSecretString"] for found in secrets.values()]
    assert [json.loads(each["SecretStringTemplate"]) for each in templates] == [
        {"username": "api_1"},
        {"username": "order_items_1"},
    ]
    for each in templates:
        # What a connection string or a shell would take for something else is not in it; it is as long as 32 bytes.
        assert (each["GenerateStringKey"], each["ExcludePunctuation"], each["PasswordLength"]) == ("password", True, 43)


def test_passwords_stay_where_the_database_stays() -> None:
    for lifecycle, policy in ((Lifecycle.DESTROY, "Delete"), (Lifecycle.SNAPSHOT, "Retain")):
        (secret,) = of_users(made("api", lifecycle=lifecycle)).values()
        assert secret["DeletionPolicy"] == policy


def test_every_secret_is_rotated_by_schedule_once_the_users_are_there() -> None:
    template = made("api", "worker")
    schedules = template.find_resources("AWS::SecretsManager::RotationSchedule").values()
    assert {schedule["Properties"]["SecretId"]["Ref"] for schedule in schedules} == of_users(template).keys()
    (run,) = template.find_resources("Custom::DatabaseMigrations")
    (permission,) = template.find_resources("AWS::Lambda::Permission")
    for schedule in schedules:
        assert schedule["Properties"]["RotationRules"] == {"AutomaticallyAfterDays": 12}
        # It would be while the first program starts, and before it could be told from a fault.
        assert schedule["Properties"]["RotateImmediatelyOnUpdate"] is False
        assert {run, permission} <= set(schedule["DependsOn"])


def test_secrets_manager_alone_calls_the_function_for_this_account() -> None:
    (permission,) = made("api").find_resources("AWS::Lambda::Permission").values()
    found = permission["Properties"]
    assert (found["Principal"], found["Action"]) == ("secretsmanager.amazonaws.com", "lambda:InvokeFunction")
    assert found["SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_the_function_changes_the_users_secrets_and_reads_the_masters() -> None:
    template = made("api", "worker")
    reading, changing = statements(template, "Rotator")
    assert "MasterUserSecret" in str(reading["Resource"])
    assert "PutSecretValue" not in str(reading["Action"])
    assert {found["Ref"] for found in changing["Resource"]} == of_users(template).keys()
    # Every password is drawn by the function itself: `GetRandomPassword` cannot be granted for one secret.
    assert changing["Action"] == [
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    ]


def test_the_migrations_read_the_users_secrets_and_change_none() -> None:
    template = made("api", "worker")
    found = statements(template, "Migrator")
    assert all(name in str(found) for name in of_users(template))
    assert "Put" not in str(found)


def test_migrations_run_when_there_is_another_user() -> None:
    def users(template: assertions.Template) -> object:
        (run,) = template.find_resources("Custom::DatabaseMigrations").values()
        return run["Properties"]["Users"]

    assert users(made("api")) != users(made("api", "worker"))
