"""The rotation function as Secrets Manager calls it, with a real database and real versions of secrets."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from services.database import Database
from services.database_users import Credentials, set_password
from services.rotation import RotationError
from services.secret_values import SecretValues
from services.settings import DatabaseServer
from tests.support.emulator import Aws
from tests.support.lambda_context import Context
from tests.support.postgres import HOST, TestDatabase
from tests.workers.conftest import use_database
from workers.rotation import handler as function

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


@pytest.fixture
def arn(environment: pytest.MonkeyPatch, database: TestDatabase, aws: Aws) -> Iterator[str]:
    """The secret of the user `api`, which the function looks after."""
    function._runtime.cache_clear()
    server = database.server
    arn = aws.secret({"username": "api_1", "password": server.password})
    use_database(environment, database, aws.secret({"username": server.user, "password": server.password}))
    environment.setenv("DATABASE_USERS", json.dumps({"api": arn}))
    yield arn
    # The server is shared, and its roles with it.
    with database.connect() as connection:
        set_password(connection, Credentials(username="api_1", password=server.password))
        connection.execute("ALTER ROLE api_2 NOLOGIN PASSWORD NULL")


def begin(aws: Aws, arn: str) -> str:
    """A version that is asked for and holds nothing yet, as RotateSecret leaves it."""
    token = str(uuid4())
    aws.pending(arn, token)
    return token


def call(step: str, arn: str, token: str) -> None:
    function.handler({"Step": step, "SecretId": arn, "ClientRequestToken": token}, Context(30))


def rotate(aws: Aws, arn: str) -> None:
    token = begin(aws, arn)
    for step in STEPS:
        call(step, arn, token)


def content(aws: Aws, arn: str, stage: str = "AWSCURRENT") -> dict[str, str]:
    found: dict[str, str] = json.loads(aws.secrets.get_secret_value(SecretId=arn, VersionStage=stage)["SecretString"])
    return found


def signs_in(database: TestDatabase, credentials: dict[str, str]) -> bool:
    url = make_conninfo(database.url, user=credentials["username"], password=credentials["password"])
    try:
        with psycopg.connect(url) as connection:
            connection.execute("SELECT id FROM notifications")
    except psycopg.OperationalError:
        return False
    return True


def test_logins_take_turns_and_the_former_one_stays_good(database: TestDatabase, aws: Aws, arn: str) -> None:
    first = content(aws, arn)
    rotate(aws, arn)
    second = content(aws, arn)
    assert (first["username"], second["username"]) == ("api_1", "api_2")
    assert content(aws, arn, "AWSPREVIOUS") == first
    assert signs_in(database, first)
    assert signs_in(database, second)
    rotate(aws, arn)
    third = content(aws, arn)
    assert third["username"] == "api_1"
    assert third["password"] != first["password"]
    assert not signs_in(database, first)
    assert signs_in(database, second)
    assert signs_in(database, third)


def test_a_program_goes_on_through_rotations(database: TestDatabase, aws: Aws, arn: str) -> None:
    """Also through two between its looks at the secret: then what it has kept is refused, and read again."""
    server = DatabaseServer(
        DATABASE_HOST=HOST,
        DATABASE_PORT=database.server.port,
        DATABASE_NAME=database.name,
        DATABASE_SECRET_ARN=arn,
        DATABASE_SSLMODE="disable",
    )
    program = Database(server, SecretValues(), application_name="test")
    open_before = program.connect(psycopg.Connection.connect)
    for _ in range(3):
        rotate(aws, arn)
        program.connect(psycopg.Connection.connect).close()
        open_before.execute("SELECT id FROM notifications")
    open_before.close()


def test_each_step_may_be_repeated(database: TestDatabase, aws: Aws, arn: str) -> None:
    token = begin(aws, arn)
    call("createSecret", arn, token)
    created = content(aws, arn, "AWSPENDING")
    for step in ("createSecret", "setSecret", "setSecret", "testSecret", "testSecret", "finishSecret", "finishSecret"):
        call(step, arn, token)
    # Whatever comes late finds it finished.
    for step in STEPS:
        call(step, arn, token)
    assert content(aws, arn) == created
    assert signs_in(database, created)


def test_a_rotation_that_was_cut_off_is_done_over_again(database: TestDatabase, aws: Aws, arn: str) -> None:
    """The login that is in use keeps its password meanwhile."""
    before = content(aws, arn)
    token = begin(aws, arn)
    call("createSecret", arn, token)
    call("setSecret", arn, token)
    assert signs_in(database, before)
    rotate(aws, arn)
    assert content(aws, arn)["username"] == "api_2"
    assert signs_in(database, before)
    assert signs_in(database, content(aws, arn))


def test_a_pending_password_that_does_not_open_the_database_is_not_handed_out(aws: Aws, arn: str) -> None:
    before = content(aws, arn)
    token = begin(aws, arn)
    call("createSecret", arn, token)
    with pytest.raises(RotationError, match="api_2 cannot sign in with its new password"):
        call("testSecret", arn, token)
    assert content(aws, arn) == before


def test_a_login_without_the_users_rights_is_not_handed_out(database: TestDatabase, aws: Aws, arn: str) -> None:
    token = begin(aws, arn)
    call("createSecret", arn, token)
    call("setSecret", arn, token)
    with database.connect() as connection:
        connection.execute("REVOKE api FROM api_2; GRANT worker TO api_2")
    try:
        with pytest.raises(RotationError, match="api_2 has not the rights of api"):
            call("testSecret", arn, token)
    finally:
        with database.connect() as connection:
            connection.execute("REVOKE worker FROM api_2; GRANT api TO api_2")


def test_the_test_of_a_new_schedule_passes(aws: Aws, arn: str) -> None:
    """Secrets Manager has the present value tested under another version, before any rotation."""
    token = str(uuid4())
    aws.pending(arn, token, json.dumps(content(aws, arn)))
    call("testSecret", arn, token)


def test_a_login_that_is_in_use_or_anothers_keeps_its_password(database: TestDatabase, aws: Aws, arn: str) -> None:
    for username in ("api_1", "worker_2", "postgres"):
        token = str(uuid4())
        aws.pending(arn, token, json.dumps({"username": username, "password": "taken over"}))
        with pytest.raises(RotationError, match=f"the pending login of api is {username}, which is in use or another"):
            call("setSecret", arn, token)
        assert not signs_in(database, {"username": username, "password": "taken over"})


def test_a_secret_of_somebody_else_is_refused(aws: Aws, arn: str) -> None:  # noqa: ARG001  # sets the function up
    other = aws.secret({"username": "api_1", "password": "other"})
    token = begin(aws, other)
    for step in STEPS:
        with pytest.raises(RotationError, match="is not a secret of this database's users, which are api"):
            call(step, other, token)
    assert content(aws, other)["password"] == "other"


def test_a_version_that_is_not_pending_is_refused(arn: str) -> None:
    with pytest.raises(RotationError, match="has no version unknown: rotate it by RotateSecret"):
        call("createSecret", arn, "unknown")


@pytest.mark.parametrize(
    "event", [{}, {"Step": "dropTable", "SecretId": "a", "ClientRequestToken": "t"}, {"Step": "setSecret"}]
)
def test_what_is_no_step_is_refused(arn: str, event: dict[str, Any]) -> None:  # noqa: ARG001  # sets the function up
    with pytest.raises(RotationError, match="not a step of a rotation, by"):
        function.handler(event, Context(30))


def test_passwords_are_not_logged(aws: Aws, arn: str, capfd: pytest.CaptureFixture[str]) -> None:
    rotate(aws, arn)
    written = "".join(capfd.readouterr())
    assert "api" in written
    assert content(aws, arn)["password"] not in written
