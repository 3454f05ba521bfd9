"""The custom resource's function as CloudFormation calls it."""

import json
import threading
from typing import Any
from uuid import uuid4

import boto3
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from services import migrations
from tests.support.emulator import Aws
from tests.support.lambda_context import Context
from tests.support.postgres import PostgresServer, TestDatabase
from tests.support.receiver import Answer, Receiver
from tests.workers.conftest import use_database
from workers.migrations import handler as function

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"


@pytest.fixture(autouse=True)
def function_environment(environment: pytest.MonkeyPatch, empty_database: TestDatabase, aws: Aws) -> None:
    function._logger.cache_clear()
    server = empty_database.server
    use_database(environment, empty_database, aws.secret({"username": server.user, "password": server.password}))
    environment.setenv("DATABASE_SCHEMA", "notifications")
    environment.setenv("DATABASE_USERS", "{}")


class CloudFormation:
    """Calls the function and waits for its answer."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver

    def call(self, request_type: str, *, seconds: float = 30, **changes: Any) -> dict[str, Any]:
        """What the function answers with."""
        event = {
            "RequestType": request_type,
            "ResponseURL": f"{self.receiver.url}/answer?signature=1",
            "StackId": "arn:aws:cloudformation:us-east-1:000000000000:stack/database/1",
            "RequestId": "request-1",
            "ResourceType": "Custom::Migrations",
            "LogicalResourceId": "Migrations",
            "ResourceProperties": {"Fingerprint": "1"},
            **changes,
        }
        function.handler(event, Context(seconds))
        request = self.receiver.requests[-1]
        assert (request.method, request.path) == ("PUT", "/answer?signature=1")
        assert "content-type" not in request.headers
        assert len(request.body) < 4096
        answer: dict[str, Any] = request.json
        for name in ("StackId", "RequestId", "LogicalResourceId"):
            assert answer[name] == event[name]
        return answer


@pytest.fixture
def cloudformation(receiver: Receiver) -> CloudFormation:
    return CloudFormation(receiver)


def test_create_brings_the_schema(cloudformation: CloudFormation, empty_database: TestDatabase) -> None:
    answer = cloudformation.call("Create")
    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"]
    assert empty_database.rows("SELECT version_num FROM alembic_version") == [(answer["Data"]["Revision"],)]
    assert ("notifications",) in empty_database.rows(TABLES)


def give_users(environment: pytest.MonkeyPatch, **secrets: str) -> None:
    environment.setenv("DATABASE_USERS", json.dumps(secrets))


def test_each_user_signs_in_with_what_its_secret_holds(
    cloudformation: CloudFormation, environment: pytest.MonkeyPatch, empty_database: TestDatabase, aws: Aws
) -> None:
    """Whichever of its logins that is: a rotation may have been since."""
    password = empty_database.server.password
    give_users(
        environment,
        api=aws.secret({"username": "api_1", "password": password}),
        worker=aws.secret({"username": "worker_2", "password": password}),
    )
    assert cloudformation.call("Create")["Status"] == "SUCCESS"
    for login in ("api_1", "worker_2"):
        with psycopg.connect(make_conninfo(empty_database.url, user=login)) as connection:
            connection.execute("SELECT id, status FROM notifications")


def test_a_person_may_call_it_and_is_told(environment: pytest.MonkeyPatch, empty_database: TestDatabase) -> None:
    answer = function.handler({}, Context(30))
    assert empty_database.rows("SELECT version_num FROM alembic_version") == [(answer["Revision"],)]
    environment.setenv("DATABASE_SCHEMA", "nonsense")
    with pytest.raises(function.MigrationFailedError, match="there is no schema 'nonsense'"):
        function.handler({}, Context(30))


@pytest.mark.parametrize(
    ("user", "username", "told"),
    [
        ("stranger", "stranger_1", "does not say what stranger may do"),
        ("api", "postgres", "'postgres' is no login of api"),
    ],
)
def test_users_that_cannot_be_set_up_fail_the_deployment(
    cloudformation: CloudFormation, environment: pytest.MonkeyPatch, user: str, username: str, told: str
) -> None:
    aws = boto3.client("secretsmanager")
    secret = json.dumps({"username": username, "password": "p"})
    give_users(environment, **{user: aws.create_secret(Name=f"test-{uuid4()}", SecretString=secret)["ARN"]})
    answer = cloudformation.call("Create")
    assert answer["Status"] == "FAILED"
    assert "the database's users cannot be set up: " in answer["Reason"]
    assert told in answer["Reason"]


def test_a_secret_that_holds_no_credentials_fails_the_deployment(
    cloudformation: CloudFormation, environment: pytest.MonkeyPatch, aws: Aws
) -> None:
    give_users(environment, api=aws.secret({"username": "api_1"}))
    answer = cloudformation.call("Create")
    assert answer["Status"] == "FAILED"
    assert "is not a JSON object with the texts username, password" in answer["Reason"]


def test_update_keeps_the_resource(cloudformation: CloudFormation) -> None:
    created = cloudformation.call("Create")
    updated = cloudformation.call("Update", PhysicalResourceId=created["PhysicalResourceId"])
    assert updated["Status"] == "SUCCESS"
    assert updated["PhysicalResourceId"] == created["PhysicalResourceId"]
    assert updated["Data"] == created["Data"]


def test_delete_needs_no_database(
    cloudformation: CloudFormation, environment: pytest.MonkeyPatch, empty_database: TestDatabase
) -> None:
    environment.setenv("DATABASE_HOST", "nowhere.invalid")
    answer = cloudformation.call("Delete", PhysicalResourceId="as-created")
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "as-created")
    assert empty_database.rows(TABLES) == []


def test_a_failing_migration_fails_the_deployment_with_its_reason(
    cloudformation: CloudFormation, empty_database: TestDatabase
) -> None:
    with empty_database.connect() as connection:
        connection.execute("CREATE TABLE notifications (id int)")
    answer = cloudformation.call("Create")
    assert answer["Status"] == "FAILED"
    assert 'relation "notifications" already exists' in answer["Reason"]
    assert Context().log_stream_name in answer["Reason"]
    assert empty_database.rows(TABLES) == [("notifications",)]


def test_a_database_that_is_still_starting_is_waited_for(
    cloudformation: CloudFormation, postgres: PostgresServer
) -> None:
    postgres.stop()
    starting = threading.Timer(1, postgres.start)
    starting.start()
    try:
        assert cloudformation.call("Create", seconds=60)["Status"] == "SUCCESS"
    finally:
        starting.join()


def test_a_database_that_stays_away_fails_the_deployment_in_time(
    cloudformation: CloudFormation, postgres: PostgresServer
) -> None:
    postgres.stop()
    try:
        answer = cloudformation.call("Create", seconds=22)
    finally:
        postgres.start()
    assert answer["Status"] == "FAILED"
    assert "the database cannot be reached" in answer["Reason"]


def test_a_missing_variable_is_the_reason(cloudformation: CloudFormation, environment: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_NAME", "DATABASE_SCHEMA"):
        environment.delenv(name)
        answer = cloudformation.call("Create")
        assert answer["Status"] == "FAILED"
        assert f"{name} is missing" in answer["Reason"]


def test_the_schema_is_the_one_that_is_asked_for(
    cloudformation: CloudFormation, environment: pytest.MonkeyPatch, empty_database: TestDatabase
) -> None:
    environment.setenv("DATABASE_SCHEMA", "nonsense")
    answer = cloudformation.call("Create")
    assert answer["Status"] == "FAILED"
    assert "there is no schema 'nonsense'" in answer["Reason"]
    environment.setenv("DATABASE_SCHEMA", "pages")
    assert cloudformation.call("Create")["Status"] == "SUCCESS"
    assert empty_database.rows(TABLES) == [("alembic_version",), ("pages",)]


def test_an_impossible_log_level_is_the_reason(cloudformation: CloudFormation, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("LOG_LEVEL", "loud")
    answer = cloudformation.call("Create")
    assert answer["Status"] == "FAILED"
    assert "LOG_LEVEL is 'loud'" in answer["Reason"]


def test_whatever_happens_is_answered(
    cloudformation: CloudFormation, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def explode(_connection: object, _schema: str) -> str:
        raise RuntimeError("hunter2" * 10_000)

    environment.setattr(migrations, "apply", explode)
    answer = cloudformation.call("Create")
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("unexpected RuntimeError: the log says where")
    logged = capsys.readouterr()
    (line,) = [json.loads(line) for line in logged.out.splitlines() if "unexpected error" in line]
    assert line["error"] == "builtins.RuntimeError"
    assert any("explode" in each for each in line["at"])
    assert "hunter2" not in answer["Reason"] + logged.out + logged.err


def test_an_answer_that_does_not_arrive_at_once_is_repeated(cloudformation: CloudFormation, receiver: Receiver) -> None:
    receiver.answers["/answer?signature=1"] = [Answer(503), Answer(500), Answer(200)]
    assert cloudformation.call("Create")["Status"] == "SUCCESS"
    assert len(receiver.requests) == 3


def test_an_answer_that_never_arrives_is_an_error_of_the_function(
    cloudformation: CloudFormation, receiver: Receiver
) -> None:
    receiver.answers["/answer?signature=1"] = Answer(403)
    with pytest.raises(Exception, match="403"):
        cloudformation.call("Create")
    assert len(receiver.requests) == 3
