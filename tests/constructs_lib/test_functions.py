"""Decisions of functions in general, and of migrations."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import assertions

from config.model import Channel, Uses
from constructs_lib import functions, migrations
from constructs_lib.access import Access, Database, Resources
from constructs_lib.channels import Channels
from constructs_lib.functions import RuntimeFunction
from constructs_lib.migrations import Migrations
from constructs_lib.postgres import AuroraPostgres
from constructs_lib.project import WORKERS_FOLDER
from constructs_lib.providers import LOCAL
from tests.support.given import config, options, template_of, vpc


def function(handler_folder: str = "notifications") -> assertions.Template:
    it = config()
    return template_of(
        lambda stack: RuntimeFunction(
            stack,
            "Function",
            handler_folder=handler_folder,
            description="Does it",
            vpc=vpc(stack),
            options=options(it),
            memory_mib=512,
            timeout_seconds=60,
            variables={"GIVEN": "value"},
        )
    )


def migrated() -> assertions.Template:
    it = config()

    def build(stack: Any) -> None:
        network = vpc(stack)
        postgres = AuroraPostgres(stack, "Postgres", vpc=network, config=it.database, lifecycle=it.lifecycle)
        database = Database(cluster=postgres.cluster, secret=postgres.secret, name="notifications", port=5432)
        Migrations(stack, "Migrations", vpc=network, database=database, options=options(it))

    return template_of(build)


def test_logs_end() -> None:
    """The group Lambda makes by itself keeps everything for ever."""
    template = function()
    (logs,) = template.find_resources("AWS::Logs::LogGroup")
    template.has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": 30})
    template.has_resource_properties("AWS::Lambda::Function", {"LoggingConfig": {"LogGroup": {"Ref": logs}}})


def test_reaches_the_world_by_https_only() -> None:
    (group,) = function().find_resources("AWS::EC2::SecurityGroup").values()
    (rule,) = group["Properties"]["SecurityGroupEgress"]
    assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == (443, 443, "tcp")


def test_a_handler_with_dependencies_of_its_own_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is bundled from there: they would be missing at run time, and only there."""
    shutil.copytree(WORKERS_FOLDER / "notifications", tmp_path / "greedy")
    (tmp_path / "greedy" / "requirements.txt").write_text("requests\n")
    monkeypatch.setattr(functions, "WORKERS_FOLDER", tmp_path)
    with pytest.raises(ValueError, match=r"requirements.txt would not be installed: add its packages"):
        function("greedy")


def test_migrations_run_when_they_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a changed property makes CloudFormation call the function again."""

    def fingerprint() -> str:
        (run,) = migrated().find_resources("Custom::DatabaseMigrations").values()
        found: str = run["Properties"]["Fingerprint"]
        return found

    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "0001.py").write_text("first")
    monkeypatch.setattr(migrations, "SERVICES_FOLDER", tmp_path)
    before = fingerprint()
    assert fingerprint() == before
    (tmp_path / "migrations" / "0002.py").write_text("second")
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
    assert int(run["Properties"]["ServiceTimeout"]) > 300


def test_database_is_read_by_secret() -> None:
    """A password in the environment outlives its rotation."""
    (made,) = migrated().find_resources("AWS::Lambda::Function").values()
    variables = made["Properties"]["Environment"]["Variables"]
    assert "MasterUserSecret.SecretArn" in str(variables["DATABASE_SECRET_ARN"])
    assert variables["DATABASE_SSLMODE"] == "disable"
    assert "DATABASE_URL" not in variables


@pytest.mark.parametrize(("channels", "port"), [(("email", "sms"), 443), (("webhook",), None)])
def test_what_it_uses_gives_variables_permissions_and_port(channels: tuple[Channel, ...], port: int | None) -> None:
    """One declaration for all three: a variable without its permission fails only when it is used."""
    it = config()
    assert it.channels is not None
    given = it.channels

    def build(stack: Any) -> None:
        made = Channels(stack, "Channels", config=given, used=channels, lifecycle=it.lifecycle)
        RuntimeFunction(
            stack,
            "Function",
            handler_folder="notifications",
            description="Does it",
            vpc=vpc(stack),
            options=options(it),
            memory_mib=512,
            timeout_seconds=60,
            access=Access(Uses(channels=channels), Resources(), LOCAL, made),
            variables={"GIVEN": "value"},
        )

    template = template_of(build)
    (function,) = template.find_resources("AWS::Lambda::Function").values()
    variables = function["Properties"]["Environment"]["Variables"]
    assert variables["GIVEN"] == "value"
    assert ("EMAIL_SENDER" in variables) is ("email" in channels)
    allowed = str(template.find_resources("AWS::IAM::Policy"))
    assert ("ses:SendEmail" in allowed) is ("email" in channels)
    (group,) = template.find_resources("AWS::EC2::SecurityGroup").values()
    (rule,) = group["Properties"]["SecurityGroupEgress"]
    assert (rule["FromPort"], rule["ToPort"]) == ((port, port) if port else (0, 65535))
