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
    config = with_service(ecommerce(), "order", max_tasks=16)
    assert check(with_service(ecommerce(), "order", max_tasks=16)) == check(ecommerce())
    assert "databases.order: takes about 78 connections, and its users may hold 80: 80 by services.order" in refused(
        config
    )


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (
            with_service(webapp(), "web", max_tasks=50),
            "databases.pages: takes about 184 connections, and its users may hold 500: 500 by services.web; allowed: a",
        ),
        (
            with_service(notifications(), "api", max_tasks=100, database_pool_size=20),
            "databases.notifications: takes about 1664 connections, and its users may hold 2051: "
            "2000 by services.api, 50 by worker, 1 by replay; allowed: a larger database, fewer tasks, or a",
        ),
    ],
)
def test_a_database_takes_the_connections_of_its_users(config: SystemConfig, told: str) -> None:
    assert [str(each) for each in check(config) if str(each).startswith(told)] != []
