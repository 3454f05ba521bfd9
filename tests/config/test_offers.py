"""Values that AWS refuses in the middle of a deployment are refused before it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import aws_opensearchservice as opensearch
from aws_cdk import aws_rds as rds
from botocore.session import get_session

from config.connections import instance_connections
from config.model import (
    AuroraConfig,
    BackupConfig,
    BrokerConfig,
    CacheConfig,
    InstanceConfig,
    SearchConfig,
    SystemConfig,
)
from config.offers import (
    AURORA_VERSIONS,
    POSTGRES_VERSIONS,
    RABBITMQ_TYPES,
    RDS_SIZES,
    REGIONS,
    SEARCH_VERSIONS,
    spreads_evenly,
)
from config.rules import check
from config.systems.ecommerce.dev import dev as ecommerce
from config.systems.notifications.dev import dev as notifications
from config.systems.platform.dev import dev as platform
from config.systems.ticketero.dev import dev as ticketero
from config.systems.ticketero.prod import prod as ticketero_prod
from config.systems.webapp.dev import dev as webapp

DATABASE = InstanceConfig(name="pages", schema_name="pages", engine_version="18.3", backup_retention_days=7)
AURORA = AuroraConfig(
    name="notifications",
    schema_name="notifications",
    engine_version="18.4",
    min_acu=0,
    max_acu=2,
    auto_pause_minutes=10,
    backup_retention_days=1,
)


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
            "databases.tickets.instance_type = 'db.x2g.large': not offered; allowed: db.FAMILY.SIZE of the families t3",
        ),
        (
            ticketero,
            {"databases": {"tickets": DATABASE.model_copy(update={"instance_type": "db.t9z.micro"})}},
            "databases.tickets.instance_type = 'db.t9z.micro': not offered; allowed: db.FAMILY.SIZE of the families",
        ),
        (
            ticketero,
            {"databases": {"tickets": DATABASE.model_copy(update={"instance_type": "db.t4g.16xlarge"})}},
            "databases.tickets.instance_type = 'db.t4g.16xlarge': not offered; allowed: db.t4g.SIZE of the sizes micro",
        ),
        (
            ticketero,
            {"databases": {"tickets": DATABASE.model_copy(update={"engine_version": "18.99"})}},
            "databases.tickets.engine_version = '18.99': not a version of RDS for PostgreSQL; allowed: 18.1, 18.2",
        ),
        (
            notifications,
            {"databases": {"notifications": AURORA.model_copy(update={"engine_version": "16.7"})}},
            "databases.notifications.engine_version = '16.7': not a version of Aurora PostgreSQL; allowed: 16.0, 16.1",
        ),
        (
            notifications,
            {"databases": {"notifications": AURORA.model_copy(update={"engine_version": "16.1"})}},
            "databases.notifications.engine_version = '16.1': does not pause, as min_acu 0 says; allowed: 16.3 and",
        ),
        (
            platform,
            {"cache": CacheConfig(node_type="cache.foo.bar")},
            "cache.node_type = 'cache.foo.bar': not offered; allowed: cache.FAMILY.SIZE of the families t3, t4g, m5",
        ),
        (
            platform,
            {"cache": CacheConfig(node_type="cache.t4g.large")},
            "cache.node_type = 'cache.t4g.large': not offered; allowed: cache.t4g.SIZE of the sizes micro, small",
        ),
        (
            ecommerce,
            {"search": SearchConfig(instance_type="db.t4g.micro")},
            "search.instance_type = 'db.t4g.micro': allowed: a type that ends with .search",
        ),
        (
            ecommerce,
            {"search": SearchConfig(instance_type="t9.small.search")},
            "search.instance_type = 't9.small.search': not offered; allowed: FAMILY.SIZE.search of the families t3, m5",
        ),
        (
            ecommerce,
            {"search": SearchConfig(engine_version="3.39")},
            "search.engine_version = '3.39': not a version of OpenSearch; allowed: 3.1, 3.3, 3.5, 3.7",
        ),
        (
            ecommerce,
            {"search": SearchConfig(volume_gib=101)},
            "search.volume_gib = 101: more than a t3.small.search takes; allowed: 10 to 100",
        ),
        (
            ecommerce,
            {"search": SearchConfig(nodes=12)},
            "search.nodes = 12: more than a domain of t3.small.search takes; allowed: 1 to 10",
        ),
        (
            webapp,
            {"backup": BackupConfig(copy_region="xx-nowhere-9")},
            "backup.copy_region = 'xx-nowhere-9': no region; allowed: af-south-1, ap-east-1",
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
        (ecommerce, {"search": SearchConfig(instance_type="m7g.medium.search", nodes=12, volume_gib=1024)}),
        (notifications, {"databases": {"notifications": AURORA.model_copy(update={"engine_version": "16.3"})}}),
        (
            notifications,
            {
                "databases": {
                    "notifications": AURORA.model_copy(
                        update={"engine_version": "16.1", "min_acu": 0.5, "auto_pause_minutes": None}
                    )
                }
            },
        ),
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


@pytest.mark.parametrize(
    ("known_to_the_cdk", "prefix", "majors", "offered"),
    [
        (rds.PostgresEngineVersion, "VER", ("16", "17", "18"), POSTGRES_VERSIONS),
        (rds.AuroraPostgresEngineVersion, "VER", ("16", "17", "18"), AURORA_VERSIONS),
        (opensearch.EngineVersion, "OPENSEARCH", ("2", "3"), SEARCH_VERSIONS),
    ],
)
def test_every_version_that_the_cdk_knows_is_offered(
    known_to_the_cdk: type, prefix: str, majors: tuple[str, ...], offered: tuple[str, ...]
) -> None:
    found = [re.fullmatch(rf"{prefix}_(\d+)_(\d+)", name) for name in dir(known_to_the_cdk)]
    known = {f"{match[1]}.{match[2]}" for match in found if match and match[1] in majors}
    assert known
    # A version of the CDK's own: Amazon OpenSearch Service went from 2.9 to 2.11.
    assert known - {"2.10"} <= set(offered)


def test_every_region_that_the_sdk_knows_is_offered() -> None:
    session = get_session()
    known = {
        region
        for partition in ("aws", "aws-cn", "aws-us-gov", "aws-eusc")
        for region in session.get_available_regions("ec2", partition_name=partition)
    }
    assert known
    assert known <= set(REGIONS)


def test_of_every_class_offered_the_connections_are_known() -> None:
    assert all(instance_connections(f"db.{family}.{size}") for family, sizes in RDS_SIZES.items() for size in sizes)
