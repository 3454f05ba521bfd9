"""Decisions of migrations."""

from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import assertions

from config.model import AuroraConfig
from constructs_lib import migrations
from constructs_lib.aurora import AuroraPostgres
from constructs_lib.migrations import TIMEOUT_SECONDS, Migrations
from tests.support.given import config, options, template_of, vpc


def migrated() -> assertions.Template:
    it = config()
    given = it.databases["notifications"]
    assert isinstance(given, AuroraConfig)

    def build(stack: cdk.Stack) -> None:
        network = vpc(stack)
        postgres = AuroraPostgres(
            stack, "Postgres", vpc=network, config=given, lifecycle=it.lifecycle, alarm_topic=None
        )
        Migrations(stack, "Migrations", vpc=network, database=postgres.database, options=options(it))

    return template_of(build)


def test_migrations_run_when_those_of_their_schema_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a changed property makes CloudFormation call the function again."""

    def fingerprint() -> str:
        (run,) = migrated().find_resources("Custom::DatabaseMigrations").values()
        found: str = run["Properties"]["Fingerprint"]
        return found

    schema = tmp_path / "migrations" / "notifications"
    other = tmp_path / "migrations" / "tickets"
    for folder in (schema, other):
        folder.mkdir(parents=True)
    (schema / "0001_first.py").write_text("first")
    monkeypatch.setattr(migrations, "SERVICES_FOLDER", tmp_path)
    before = fingerprint()
    (other / "0001_first.py").write_text("another system's")
    assert fingerprint() == before
    (schema / "0002_second.py").write_text("second")
    assert fingerprint() != before


def test_migrations_wait_for_a_database_they_can_reach() -> None:
    template = migrated()
    (run,) = template.find_resources("Custom::DatabaseMigrations").values()
    needed = {
        *template.find_resources("AWS::RDS::DBCluster"),
        *template.find_resources("AWS::RDS::DBInstance"),
        *template.find_resources("AWS::IAM::Policy"),
        *template.find_resources("AWS::EC2::SecurityGroupIngress"),
    }
    assert needed <= set(run["DependsOn"])
    assert int(run["Properties"]["ServiceTimeout"]) > TIMEOUT_SECONDS


def test_the_function_is_told_its_schema() -> None:
    """Every system's migrations are in its package: the wrong ones would be applied as readily."""
    template = migrated()
    (run,) = template.find_resources("Custom::DatabaseMigrations").values()
    assert run["Properties"]["Schema"] == "notifications"
    (made,) = template.find_resources("AWS::Lambda::Function").values()
    assert made["Properties"]["Environment"]["Variables"]["DATABASE_SCHEMA"] == "notifications"


def test_database_is_read_by_secret() -> None:
    """A password in the environment outlives its rotation."""
    (made,) = migrated().find_resources("AWS::Lambda::Function").values()
    variables = made["Properties"]["Environment"]["Variables"]
    assert "MasterUserSecret.SecretArn" in str(variables["DATABASE_SECRET_ARN"])
    assert variables["DATABASE_SSLMODE"] == "disable"
    assert "DATABASE_URL" not in variables
