"""Which users a configuration gives its databases, and names that they cannot have."""

import pytest

from config.database_users import database_users, logins
from config.model import SystemConfig
from config.rules import database_users as rules
from config.systems.ecommerce.dev import dev as ecommerce
from config.systems.notifications.dev import dev as notifications
from config.systems.notifications.prod import prod as notifications_prod
from config.systems.platform.dev import dev as platform
from config.systems.webapp.dev import dev as webapp


def serving(*names: str) -> SystemConfig:
    """notifications with services of these names on its database, instead of its own."""
    config = notifications()
    return config.model_copy(update={"services": dict.fromkeys(names, config.services["api"])})


def told(config: SystemConfig) -> list[str]:
    return [str(problem) for rule in rules.RULES for problem in rule(config)]


def test_each_kind_of_code_that_uses_a_database_has_a_user() -> None:
    assert database_users(notifications(), "notifications") == ("api", "worker", "operations", "keys")
    users = ("api", "worker", "operations", "sweeper", "keys")
    assert database_users(notifications_prod(), "notifications") == users
    assert database_users(platform(), "planning") == ("api", "worker", "scheduler", "notifier")
    assert database_users(webapp(), "pages") == ("web", "dump")
    assert {key: database_users(ecommerce(), key) for key in ("user", "order")} == {
        "user": ("user",),
        "order": ("order",),
    }


def test_keys_are_made_where_there_is_no_worker_either() -> None:
    config = notifications().model_copy(update={"worker": None, "queue": None})
    assert database_users(config, "notifications") == ("api", "keys")


def test_users_of_other_databases_are_none() -> None:
    assert database_users(notifications(), "other") == ()


@pytest.mark.parametrize(
    ("names", "part"),
    [
        (("worker",), "worker: the database notifications has a role worker already, for services.worker"),
        (("api", "operations"), "has a role operations already, for services.operations"),
        (("api", "keys"), "has a role keys already, for services.keys"),
        (("api", "api-1"), "services.api-1: the database notifications has a role api_1 already, for services.api"),
        (("postgres",), "services.postgres: its user of the database notifications would be called postgres"),
        (("pg-cron",), "would be called pg_cron, which PostgreSQL or RDS keeps for itself; allowed: any other name"),
        (("rds-admin",), "would be called rds_admin"),
        (("public",), "would be called public"),
    ],
)
def test_two_roles_of_one_name_and_names_of_postgresqls_own_are_refused(names: tuple[str, ...], part: str) -> None:
    assert any(part in line for line in told(serving(*names)))


def test_the_systems_own_names_are_taken() -> None:
    for make in (notifications, notifications_prod, platform, webapp, ecommerce):
        assert told(make()) == []


def test_logins_are_two() -> None:
    assert logins("api") == ("api_1", "api_2")
