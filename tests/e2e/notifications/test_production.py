"""The largest environment, deployed as it is: three zones with gateways, a reader, two tasks, HTTPS."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cloud import DeployedCloud
from tests.e2e.deployments import deployed


@pytest.fixture
def production(tmp_path: Path) -> Iterator[DeployedCloud]:
    """Production, in a cloud of its own."""
    with deployed(tmp_path, system="notifications", env="prod") as cloud:
        yield cloud


def test_production_deploys_and_works(production: DeployedCloud) -> None:
    sent = [line.split()[0] for line in production.printed.splitlines() if line.split()[1:2] == ["sent"]]
    assert sorted(sent) == ["email", "sms", "telegram", "webhook"]
    assert production.output("Api", "ApiUrl").startswith("https://")
    assert len(production.tasks("services.api")) == 2
    # Nothing of it depends on when it is deployed: the same again changes nothing.
    production.up("--no-demo")
    assert {stack.seconds for stack in production.state.last.stacks.values()} == {0.0}
