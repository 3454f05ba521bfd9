"""What only the place of a deployment can refuse."""

from typing import Any

import aws_cdk as cdk
import pytest

from config.model import SystemConfig
from config.problems import ConfigError
from config.rules import check
from config.systems.ecommerce.prod import prod as ecommerce
from config.systems.notifications.prod import prod as notifications
from config.systems.platform.prod import prod as platform
from config.systems.webapp.prod import prod as webapp
from constructs_lib.providers import LOCAL
from stacks.compose import build_app, new_app
from tests.support.synth import ACCOUNT, cdk_context


def with_service(config: SystemConfig, name: str, **changes: Any) -> SystemConfig:
    changed = config.services[name].model_copy(update=changes)
    return config.model_copy(update={"services": {**config.services, name: changed}})


def refused(config: SystemConfig, region: str | None = "eu-central-1") -> str:
    env = cdk.Environment(account=ACCOUNT, region=region) if region else None
    with pytest.raises(ConfigError) as error:
        build_app(new_app(cdk_context()), config, LOCAL, env)
    return str(error.value)


def test_copies_in_the_region_of_the_stacks_are_refused() -> None:
    assert refused(platform(), "us-west-2").splitlines() == [
        "configuration platform/prod:",
        "  backup.copy_region = 'us-west-2': is the region of the stacks themselves, and copies there are lost with "
        "it; allowed: another one",
    ]


def test_an_instance_that_the_provider_sizes_takes_the_connections_of_its_users() -> None:
    """On AWS it is larger: the same system fits there."""
    config = with_service(ecommerce(), "order", max_tasks=8)
    assert check(config) == check(ecommerce())
    assert (
        "databases.order: takes about 78 connections, of which 10 are left to operators, and its users may hold 82: "
        "80 by services.order, 1 by migrations, 1 by rotation; allowed: a larger database, database_pool_size up to 4,"
    ) in refused(config)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (
            with_service(webapp(), "web", max_tasks=50),
            "databases.pages: takes about 184 connections, of which 10 are left to operators, and its users may hold "
            "1004: 1000 by services.web, 1 by dump, 1 by migrations, 2 by rotation; "
            "allowed: a larger database, database_pool_size up to 1,",
        ),
        (
            with_service(notifications(), "api", max_tasks=100),
            "databases.notifications: takes about 1664 connections, of which 10 are left to operators, and its users "
            "may hold 2059: 2000 by services.api, 50 by worker, 1 by replay, 1 by sweeper, 1 by keys, 1 by migrations, "
            "5 by rotation; allowed: max_acu 10 and more, database_pool_size up to 7, fewer tasks, or a smaller",
        ),
    ],
)
def test_a_database_takes_the_connections_of_its_users(config: SystemConfig, told: str) -> None:
    assert [str(each) for each in check(config) if str(each).startswith(told)] != []
