"""Values that AWS refuses in the middle of a deployment are refused before it."""

from collections.abc import Callable
from typing import Any

import pytest

from config.model import BrokerConfig, InstanceConfig, SearchConfig, SystemConfig
from config.offers import RABBITMQ_TYPES, spreads_evenly
from config.rules import check
from config.systems.ecommerce.dev import dev as ecommerce
from config.systems.platform.dev import dev as platform
from config.systems.ticketero.dev import dev as ticketero
from config.systems.ticketero.prod import prod as ticketero_prod
from config.systems.webapp.dev import dev as webapp

DATABASE = InstanceConfig(name="pages", schema_name="pages", engine_version="18.3", backup_retention_days=7)


def faults(make: Callable[[], SystemConfig], **changes: Any) -> list[str]:
    return [str(problem) for problem in check(make().model_copy(update=changes))]


@pytest.mark.parametrize(
    ("make", "changes", "told"),
    [
        (
            ecommerce,
            {"broker": BrokerConfig(engine_version="4.2", instance_type="mq.m5.large")},
            "broker.instance_type = 'mq.m5.large': not offered with RabbitMQ 4.2; allowed: mq.m7g.medium, mq.m7g.large",
        ),
        (
            ecommerce,
            {"broker": BrokerConfig(engine_version="3.13", instance_type="mq.t3.micro")},
            "broker.instance_type = 'mq.t3.micro': not offered with RabbitMQ 3.13; allowed: mq.m7g.medium",
        ),
        (
            ecommerce,
            {"search": SearchConfig(nodes=4)},
            "search.nodes = 4: must fall evenly on 3 zones; allowed: 1, or a multiple of that",
        ),
        (
            ticketero,
            {"search": SearchConfig(nodes=3)},
            "search.nodes = 3: must fall evenly on 2 zones; allowed: 1, or a multiple of that",
        ),
        (
            webapp,
            {"databases": {"pages": DATABASE}},
            "databases.pages.backup_retention_days = 7: AWS Backup gives the databases of its plan its own retention",
        ),
        (
            ticketero,
            {"databases": {"tickets": DATABASE.model_copy(update={"instance_type": "db.x2g.large"})}},
            "databases.tickets.instance_type = 'db.x2g.large': not known; allowed: db., a family that begins with",
        ),
    ],
)
def test_refused(make: Callable[[], SystemConfig], changes: dict[str, Any], told: str) -> None:
    assert [fault for fault in faults(make, **changes) if fault.startswith(told)] != []


@pytest.mark.parametrize(
    ("make", "changes"),
    [
        (ecommerce, {"broker": BrokerConfig(engine_version="3.13", instance_type="mq.m5.large")}),
        (ecommerce, {"broker": None}),
        (ecommerce, {"search": SearchConfig(nodes=2)}),
        (ecommerce, {"search": SearchConfig(nodes=6)}),
        (webapp, {"backup": None, "databases": {"pages": DATABASE}}),
        (ticketero, {"databases": {"tickets": DATABASE}}),
        (platform, {}),
        (ticketero_prod, {}),
    ],
)
def test_accepted(make: Callable[[], SystemConfig], changes: dict[str, Any]) -> None:
    assert [fault for fault in faults(make, **changes) if fault.startswith(("broker.", "search.", "databases."))] == []


def test_every_version_of_a_broker_has_types() -> None:
    versions = BrokerConfig.model_fields["engine_version"].annotation
    assert set(RABBITMQ_TYPES) == set(getattr(versions, "__args__", ()))


@pytest.mark.parametrize(
    ("nodes", "zones", "evenly"),
    [(1, 3, True), (2, 3, True), (3, 3, True), (4, 3, False), (3, 2, False), (4, 2, True), (6, 3, True)],
)
def test_nodes_fall_evenly_on_zones(nodes: int, zones: int, evenly: bool) -> None:
    assert spreads_evenly(nodes, zones) is evenly
