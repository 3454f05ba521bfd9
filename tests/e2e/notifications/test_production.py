"""The largest environment, deployed as it is: three zones with gateways, a reader, two tasks, HTTPS."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.intake import Intake
from services.messages import Channel, Content
from tests.e2e.cloud import DeployedCloud, unique
from tests.e2e.deployments import deployed
from tests.e2e.notifications.requests import settled


@pytest.fixture
def production(tmp_path: Path) -> Iterator[DeployedCloud]:
    """Production, in a cloud of its own."""
    with deployed(tmp_path, system="notifications", env="prod") as cloud:
        yield cloud


# Two deployments, the sweeper's turn and the end: each has a bound of its own, which says more.
@pytest.mark.timeout(1800)
def test_production_deploys_and_works(production: DeployedCloud) -> None:
    sent = [line.split()[0] for line in production.printed.splitlines() if line.split()[1:2] == ["sent"]]
    assert sorted(sent) == ["email", "sms", "telegram", "webhook"]
    assert production.output("Api", "ApiUrl").startswith("https://")
    assert len(production.tasks("services.api")) == 2
    # Nothing of it depends on when it is deployed: the same again changes nothing.
    production.up("--no-demo")
    assert {stack.seconds for stack in production.state.last.stacks.values()} == {0.0}
    _what_stayed_in_the_outbox_is_delivered(production)


def _what_stayed_in_the_outbox_is_delivered(cloud: DeployedCloud) -> None:
    """As after the end of the last task between commit and queue: no request follows that would wake a relay."""
    address = cloud.database()

    def connect() -> psycopg.Connection[Any]:
        return psycopg.connect(**address, autocommit=True)

    content = Content(channel=Channel.EMAIL, recipient="ada@example.com", body=unique())
    accepted = Intake(connect).accept(content, None, owner=cloud.owner)
    # The schedule calls the sweeper every minute.
    assert settled(cloud, str(accepted.id))["status"] == "sent"
    assert len(cloud.deliveries("email", content.body)) == 1
