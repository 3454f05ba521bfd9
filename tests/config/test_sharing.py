"""Who deploys one environment must not deploy another one by it."""

import json
from pathlib import Path
from typing import Any

import pytest

from config.load import load
from config.model import DeployAccessConfig, SystemConfig
from config.problems import ConfigError
from config.rules.sharing import shared_deployment
from config.systems import notifications as modules
from config.systems.notifications.dev import dev
from config.systems.notifications.prod import prod
from constructs_lib.providers import AWS
from stacks.compose import build_app, new_app
from tests.support.changed import changed
from tests.support.synth import cdk_context

ACCESS = DeployAccessConfig(repository="acme/shop")
ONE, OTHER = "111111111111", "222222222222"


def faults(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    others: list[SystemConfig] = [changed(dev(), **ours), changed(prod(), **theirs)]
    return [str(problem) for problem in shared_deployment(changed(dev(), deploy_access=ACCESS, **ours), others)]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, {}),
        ({"account": ONE}, {}),
        ({}, {"account": ONE}),
        ({"account": ONE}, {"account": ONE}),
        ({"account": ONE, "region": "eu-west-1"}, {"account": ONE}),
        ({"bootstrap_qualifier": "acme"}, {"bootstrap_qualifier": "acme"}),
    ],
)
def test_what_may_be_one_account_by_one_bootstrap_is_refused(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    (told,) = faults(ours, theirs)
    assert told.startswith("deploy_access.repository = 'acme/shop': dev and prod may share an account")
    assert told.endswith("allowed: `account` in both, each its own, or a `bootstrap_qualifier` of its own")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"account": ONE}, {"account": OTHER}),
        ({"account": ONE, "region": "eu-west-1"}, {"account": ONE, "region": "eu-central-1"}),
        ({"bootstrap_qualifier": "dev"}, {}),
    ],
)
def test_an_account_a_region_or_a_bootstrap_each_is_allowed(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert faults(ours, theirs) == []


def test_without_a_role_nothing_is_shared_by_it() -> None:
    assert list(shared_deployment(dev(), [prod()])) == []


def test_who_loads_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def environment() -> SystemConfig:
        config: SystemConfig = changed(dev(), deploy_access=ACCESS)
        return config

    monkeypatch.setattr(modules, "ENVIRONMENTS", {"dev": environment, "prod": prod})
    with pytest.raises(ConfigError, match="dev and prod may share an account"):
        load("notifications", "dev")


def test_all_that_deploys_is_of_the_bootstrap_that_config_names(tmp_path: Path) -> None:
    """Bucket, repository and roles, and the version that CloudFormation looks at."""
    config: SystemConfig = changed(dev(), bootstrap_qualifier="acme", deploy_access=ACCESS)
    app = new_app(cdk_context(), str(tmp_path))
    build_app(app, config, AWS)
    app.synth()
    written = [path.read_text() for path in tmp_path.glob("*.json")]
    assert "hnb659fds" not in "".join(written)
    stacks = json.loads((tmp_path / "manifest.json").read_text())["artifacts"].values()
    roles = [each["properties"]["assumeRoleArn"] for each in stacks if "assumeRoleArn" in each.get("properties", {})]
    assert roles
    assert all(":role/cdk-acme-deploy-role-" in role for role in roles)
