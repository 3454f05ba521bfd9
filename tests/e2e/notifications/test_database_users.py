"""Who signs in to the deployed database, with what rights, and how its password changes."""

import json
from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from config.database_users import logins
from tests.e2e.cloud import DeployedCloud
from tests.support.eventually import eventually


def credentials(cloud: DeployedCloud, user: str) -> dict[str, str]:
    arn = cloud.user_secrets("Notifications")[user]
    found: dict[str, str] = json.loads(cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    return found


def signed_in(cloud: DeployedCloud, found: dict[str, str]) -> psycopg.Connection[Any]:
    parameters = cloud.database() | {"user": found["username"], "password": found["password"]}
    return psycopg.connect(**parameters, autocommit=True)


def test_the_deployed_api_signs_in_as_its_own_user(cloud: DeployedCloud) -> None:
    def of_the_api() -> set[str]:
        eventually(lambda: cloud.request("/ready").status == 200)
        with psycopg.connect(**cloud.database()) as connection:
            query = "SELECT usename FROM pg_stat_activity WHERE application_name = 'api'"
            return {name for (name,) in connection.execute(query).fetchall()}

    assert eventually(of_the_api) <= set(logins("api"))


@pytest.mark.parametrize("user", ["api", "worker", "operations", "keys"])
@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE notifications",
        "TRUNCATE notifications",
        "SELECT * FROM alembic_version",
        "DELETE FROM notifications",
    ],
)
def test_a_user_is_refused_what_its_program_does_not_do(cloud: DeployedCloud, user: str, statement: str) -> None:
    with signed_in(cloud, credentials(cloud, user)) as connection, pytest.raises(InsufficientPrivilege):
        connection.execute(statement.encode())


def test_a_rotation_by_hand_leaves_the_former_password_good(cloud: DeployedCloud) -> None:
    before = credentials(cloud, "api")
    secrets = cloud.client("secretsmanager")
    secrets.rotate_secret(SecretId=cloud.user_secrets("Notifications")["api"])
    eventually(lambda: credentials(cloud, "api") != before)
    after = credentials(cloud, "api")
    assert {before["username"], after["username"]} == set(logins("api"))
    for each in (before, after):
        signed_in(cloud, each).close()
    eventually(lambda: cloud.request("/ready").status == 200)
