"""The largest environment, deployed as it is: three zones with gateways, a reader, two tasks, HTTPS."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.settings import ROOT, Settings
from tests.e2e.cloud import DeployedCloud
from tests.support.postgres import free_port

ENV = ("--env", "prod")


@pytest.fixture
def production(tmp_path: Path) -> Iterator[DeployedCloud]:
    """Production, in a cloud of its own."""
    cloud = DeployedCloud(Settings(root=ROOT, directory=tmp_path, port=free_port(), receiver_port=free_port()))
    try:
        cloud.up(*ENV)
        yield cloud
    finally:
        cloud.operate("down")


def test_production_deploys_and_works(production: DeployedCloud) -> None:
    sent = [line.split()[0] for line in production.printed.splitlines() if line.split()[1:2] == ["sent"]]
    assert sorted(sent) == ["email", "sms", "telegram", "webhook"]
    assert production.output("Api", "ApiUrl").startswith("https://")
    assert len(production.tasks()) == 2
    # Nothing of it depends on when it is deployed: the same again changes nothing.
    production.up(*ENV, "--no-demo")
    assert {stack.seconds for stack in production.state.stacks.values()} == {0.0}
