"""The users that configurations make are those whose rights are declared, and each has no more than these."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.database_users import database_users, logins
from services import database_users as runtime
from services import migrations
from services.migrations.rights import rights
from tests.support.postgres import PostgresServer, TestDatabase, migrated_database, postgres
from tests.support.synth import Assembly, all_environments, configuration, synthesize

__all__ = ["postgres"]

SCHEMAS = sorted(file.parent.name for file in Path(migrations.__file__).parent.glob("*/rights.toml"))
MASTER = "MasterUserSecret.SecretArn"


def users_in_use() -> dict[str, set[str]]:
    """The users that some environment makes, by schema."""
    found: dict[str, set[str]] = {}
    for system, environment in all_environments():
        config = configuration(system, environment)
        for key, database in config.databases.items():
            found.setdefault(database.schema_name, set()).update(database_users(config, key))
    return found


def test_every_user_has_its_rights_and_no_rights_are_nobodys() -> None:
    assert {schema: set(rights(schema)) for schema in SCHEMAS} == users_in_use()


def test_who_makes_keys_sees_no_notification_and_who_sends_again_sees_no_key() -> None:
    """People may be let call the one and not the other."""
    users = rights("notifications")
    assert users["keys"].tables.keys() == {"api_keys"}
    assert users["operations"].tables.keys() == {"notifications", "outbox"}


def test_infrastructure_and_code_name_the_logins_alike() -> None:
    assert logins("api") == runtime.logins("api")


@pytest.fixture(params=all_environments(), ids="/".join)
def assembly(request: pytest.FixtureRequest) -> Assembly:
    return synthesize(*request.param)


def test_only_who_makes_the_users_reads_the_masters_secret(assembly: Assembly) -> None:
    """A program with it could do anything to its database."""
    readers = set()
    for name, role in roles_reading(assembly):
        readers.add(role)
        assert any(each in name for each in ("Migrator", "Rotator")), f"{name} reads the master's secret"
    assert readers or not assembly.resources("AWS::RDS::DBInstance")


def roles_reading(assembly: Assembly) -> Iterator[tuple[str, str]]:
    for name, policy in assembly.resources("AWS::IAM::Policy").items():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            if MASTER in str(statement.get("Resource")):
                yield name, str(policy["Properties"]["Roles"])


def test_every_users_secret_is_rotated(assembly: Assembly) -> None:
    schedules = assembly.resources("AWS::SecretsManager::RotationSchedule").values()
    rotated = [schedule["Properties"]["SecretId"]["Ref"] for schedule in schedules]
    secrets = [
        name.partition("/")[2]
        for name, secret in assembly.resources("AWS::SecretsManager::Secret").items()
        if "Password of the user" in secret["Properties"].get("Description", "")
    ]
    assert sorted(rotated) == sorted(secrets)


@pytest.fixture(scope="module", params=SCHEMAS)
def migrated(request: pytest.FixtureRequest, postgres: PostgresServer) -> Iterator[tuple[str, TestDatabase]]:
    with migrated_database(postgres, request.param) as database:
        yield request.param, database


TABLES = """
    SELECT c.relname, r.rolname, p.privilege
    FROM pg_class c, pg_roles r, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES',
        'TRIGGER', 'MAINTAIN']) AS p (privilege)
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND r.rolname LIKE '%\\_1'
        AND (has_table_privilege(r.oid, c.oid, p.privilege)
            OR (p.privilege IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
                AND has_any_column_privilege(r.oid, c.oid, p.privilege)))
"""


def test_a_user_has_what_is_declared_and_no_more(migrated: tuple[str, TestDatabase]) -> None:
    schema, database = migrated
    found: dict[str, dict[str, set[str]]] = {}
    for table, login, privilege in database.rows(TABLES):
        found.setdefault(login.removesuffix("_1"), {}).setdefault(table, set()).add(privilege)
    declared = rights(schema)
    for user, allowed in declared.items():
        if allowed.reads_everything:
            assert {"alembic_version", *allowed.tables} <= found[user].keys()
            assert set().union(*found[user].values()) == {"SELECT"}
        else:
            wanted = {
                table: {right.upper() for right, columns in granted if columns is not None}
                for table, granted in allowed.tables.items()
            }
            assert found[user] == wanted
    assert found.keys() == declared.keys()


def test_nobody_makes_anything_in_the_database(migrated: tuple[str, TestDatabase]) -> None:
    schema, database = migrated
    for user in rights(schema):
        for login in (user, *logins(user)):
            found = database.rows(
                f"SELECT has_schema_privilege('{login}', 'public', 'CREATE'),"
                f" has_database_privilege('{login}', current_database(), 'CREATE, TEMPORARY'),"
                f" has_database_privilege('{login}', current_database(), 'CONNECT')"
            )
            assert found == [(False, False, True)]
