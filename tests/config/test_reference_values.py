"""Values that the reference documents print and that break a rule: each is refused, and named in the documentation."""

from typing import Any, NamedTuple

import pytest

from config.load import load
from config.model import BrokerConfig
from config.problems import ConfigError
from config.systems.ecommerce.dev import dev as ecommerce
from config.systems.notifications.dev import dev as notifications
from config.systems.webapp.prod import prod as webapp_prod
from constructs_lib.project import PROJECT_ROOT
from tests.config.given import offer
from tests.config.mistakes import Make
from tests.support.changed import changed

DOCUMENT = PROJECT_ROOT / "docs" / "reference-values.md"


class Printed(NamedTuple):
    """A value as a document prints it, the same in a configuration, the field that is refused, and why."""

    document: str
    value: str
    make: Make
    changes: dict[str, Any]
    field: str
    why: str


TABLE = [
    Printed(
        "notifications",
        "visibility timeout 30 s",
        notifications,
        {"queue__visibility_timeout_seconds": 30},
        "queue.visibility_timeout_seconds",
        "nearest: 365",
    ),
    Printed(
        "notifications",
        "visibility timeout 300 s",
        notifications,
        {"queue__visibility_timeout_seconds": 300, "worker__timeout_seconds": 60},
        "queue.visibility_timeout_seconds",
        "nearest: 365",
    ),
    Printed(
        "notifications",
        "message retention 14 days",
        notifications,
        {"queue__retention_days": 14},
        "queue.dlq_retention_days",
        "more than retention_days",
    ),
    Printed(
        "notifications",
        "FIFO queue with batch window 5 s",
        notifications,
        {"queue__fifo": True},
        "worker.batch_window_seconds",
        "takes no batch window",
    ),
    Printed(
        "webapp",
        "HTTP listener in production",
        webapp_prod,
        {"load_balancer__plain_http_because": None},
        "load_balancer.certificate_arn",
        "prod serves HTTPS only",
    ),
    Printed(
        "ecommerce",
        "PostgreSQL 15.3",
        ecommerce,
        {"databases__user__engine_version": "15.3"},
        "databases.user.engine_version",
        "15.3",
    ),
    Printed(
        "ecommerce",
        "RabbitMQ 3.9.16",
        ecommerce,
        {"broker__engine_version": "3.9.16"},
        "broker.engine_version",
        "3.9.16",
    ),
    Printed(
        "ecommerce",
        "broker mq.t3.medium",
        ecommerce,
        {"broker": BrokerConfig(instance_type="mq.t3.medium")},
        "broker.instance_type",
        "mq.t3.medium",
    ),
    Printed(
        "ecommerce",
        "broker mq.t3.micro",
        ecommerce,
        {"broker": BrokerConfig(instance_type="mq.t3.micro")},
        "broker.instance_type",
        "mq.t3.micro",
    ),
]


@pytest.mark.parametrize("printed", TABLE, ids=lambda printed: f"{printed.document}: {printed.value}")
def test_a_printed_value_that_breaks_a_rule_is_refused_and_named(
    printed: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = changed(printed.make(), **printed.changes)
    offer(monkeypatch, {config.environment: lambda: config}, system=config.system)
    with pytest.raises(ConfigError) as refused:
        load(config.system, config.environment)
    told = [problem for problem in refused.value.problems if problem.field == printed.field]
    assert printed.why in "\n".join(map(str, told))
    first = f"| {printed.document} | {printed.value} |"
    row = next((line for line in DOCUMENT.read_text().splitlines() if line.startswith(first)), "")
    assert f"`{printed.field}`" in row, f"{DOCUMENT.name} has no row for {printed.document}: {printed.value}"
