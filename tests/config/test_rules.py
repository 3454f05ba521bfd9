"""What fields may be only together, each rule told with the field at fault."""

from collections.abc import Callable
from typing import Any

import pytest

from config.model import (
    BackupConfig,
    BrokerConfig,
    BucketConfig,
    CacheConfig,
    DumpConfig,
    FixedResponse,
    MonitoringConfig,
    Nat,
    PrometheusConfig,
    Route,
    SubnetBlocks,
    SystemConfig,
    Uses,
)
from config.rules import check
from config.systems.ecommerce.dev import dev as ecommerce
from config.systems.notifications.dev import dev as notifications
from config.systems.platform.dev import dev as platform
from config.systems.platform.prod import prod as platform_prod
from config.systems.ticketero.dev import dev as ticketero
from config.systems.ticketero.prod import prod as ticketero_prod
from config.systems.webapp.dev import dev as webapp
from tests.support.changed import changed


def faults(make: Callable[[], SystemConfig], **changes: Any) -> list[str]:
    return [str(problem) for problem in check(changed(make(), **changes))]


@pytest.mark.parametrize(
    ("make", "changes", "told"),
    [
        (
            ticketero,
            {"network__blocks__private": ("10.0.11.0/24", "10.0.2.0/25")},
            "network.blocks.private[1] = '10.0.2.0/25': overlaps network.blocks.public[1], which is 10.0.2.0/24",
        ),
        (
            ticketero,
            {"network__blocks__private": ("10.0.11.0/24", "10.1.12.0/24")},
            "network.blocks.private[1] = '10.1.12.0/24': lies outside the VPC; allowed: a block of 10.0.0.0/16",
        ),
        (
            ticketero,
            {"network__blocks__public": ("10.0.1.0/24", "10.0.2.0/28")},
            "network.blocks.public[1] = '10.0.2.0/28': too small for a public subnet; allowed: up to /27",
        ),
        (
            ticketero,
            {"network__blocks__public": ("10.0.1.0/24",)},
            "network.blocks.public = ['10.0.1.0/24']: allowed: 2 blocks, as there are 2 zones and 2 tiers",
        ),
        (
            ticketero,
            {"network__blocks__public": ("10.0.1.1/24", "10.0.2.0/24")},
            "network.blocks.public[0] = '10.0.1.1/24': 10.0.1.1/24 has host bits set",
        ),
        (
            platform,
            {"network__tiers": 2},
            "network.blocks.isolated = ['10.0.100.0/24', '10.0.110.0/24']: allowed: 0 blocks",
        ),
        (
            notifications,
            {"network__nat": Nat.NONE},
            "worker.uses.channels = ['email', 'sms', 'webhook', 'telegram']: webhook and telegram need a way to the",
        ),
        (ticketero_prod, {}, "load_balancer.certificate_arn = None: prod serves HTTPS only"),
        (platform, {"load_balancer": None}, "services.scheduler.route: there is no load balancer to be behind"),
        (
            platform,
            {"services__worker__route": Route()},
            "services.worker.route: takes every request that no rule names, as api does",
        ),
        (
            platform,
            {"load_balancer__fixed_response": FixedResponse()},
            "load_balancer.fixed_response: service api takes every request that no rule names",
        ),
        (webapp, {"load_balancer__fixed_response": None}, "load_balancer.fixed_response = None: every route has paths"),
        (webapp, {"services__web__route": None}, "load_balancer: no service has a route, so it leads nowhere"),
        (
            webapp,
            {"services__web__route": Route(paths=("/a", "/b", "/c"), hosts=("a.example.com", "b.example.com", "c"))},
            "services.web.route = ['/a', '/b', '/c', 'a.example.com', 'b.example.com', 'c']: a rule holds 5 paths",
        ),
        (webapp, {"services__web__route": Route(paths=("pages",))}, "services.web.route.paths = 'pages': write it as"),
        (
            platform,
            {"services__scheduler__max_tasks": 2},
            "services.scheduler.max_tasks = 2: a singleton has one task; set 1, or singleton=False",
        ),
        (platform, {"services__worker__memory_mib": 4096}, "services.worker.memory_mib = 4096: not offered with"),
        (platform, {"cache": None}, "services.scheduler.uses.cache = True: the system has no cache; add cache to it"),
        (ecommerce, {"broker": None}, "services.order.uses.broker = True: the system has no broker"),
        (ecommerce, {"search": None}, "services.search.uses.search = True: the system has no search"),
        (ecommerce, {"storage": None}, "services.product.uses.buckets = 'media': the system has none; add it to"),
        (
            ecommerce,
            {"services__order__uses__database": "orders"},
            "services.order.uses.database = 'orders': is not in databases; allowed: user, product, order, payment",
        ),
        (ecommerce, {"channels": None}, "services.notification.uses.channels = ['email']: the system has no channels"),
        (ecommerce, {"channels__email_sender": None}, "channels.email_sender = None: services.notification.uses sends"),
        (webapp, {"services__web__uses": Uses(queue=True)}, "services.web.uses.queue = True: the system has no queue"),
        (notifications, {"worker": None}, "worker = None: a queue and its worker come together"),
        (notifications, {"queue": None}, "queue = None: a queue and its worker come together"),
        (
            platform,
            {"cache": CacheConfig(engine="redis", engine_version="8.0")},
            "cache.engine_version = '8.0': not a version of redis to make a cache of; allowed: 6.2, 7.0, 7.1",
        ),
        (
            platform,
            {"cache__node_type": "db.t4g.micro"},
            "cache.node_type = 'db.t4g.micro': allowed: a type that begins with cache.",
        ),
        (
            webapp,
            {"databases__pages__instance_type": "cache.t4g.micro"},
            "databases.pages.instance_type = 'cache.t4g.micro': allowed: a type that begins with db.",
        ),
        (
            webapp,
            {"databases__pages__max_storage_gib": 21},
            "databases.pages.max_storage_gib = 21: allowed: a tenth more than storage_gib at least, which is 20",
        ),
        (
            webapp,
            {"backup": BackupConfig(dump=DumpConfig(database="users", bucket="dumps"))},
            "backup.dump.database = 'users': is not in databases; allowed: pages",
        ),
        (
            webapp,
            {"backup": BackupConfig(dump=DumpConfig(database="pages", bucket="dumps"))},
            "backup.dump.bucket = 'dumps': is not in storage.buckets; allowed: backups",
        ),
        (
            platform,
            {"monitoring": MonitoringConfig(prometheus=PrometheusConfig(kind="managed", memory_mib=512))},
            "monitoring.prometheus.memory_mib = 512: not offered with cpu_units 512",
        ),
        (platform, {"tags": {"Name": "mine"}}, "tags = 'Name': the CDK names resources by it"),
        (
            platform,
            {"tags": {"team": "a", "Team": "b"}},
            "tags = 'Team': differs from team by case only; allowed: one of the two",
        ),
        (
            webapp,
            {"storage__buckets__backups": BucketConfig(infrequent_access_days=60, expire_days=60)},
            "storage.buckets.backups.infrequent_access_days = 60: objects are deleted after expire_days, which is 60; "
            "allowed: 30 to 59",
        ),
        (
            webapp,
            {"storage__buckets__backups": BucketConfig(infrequent_access_days=30, expire_days=7)},
            "storage.buckets.backups.infrequent_access_days = 30: objects are deleted after expire_days, which is 7; "
            "allowed: None",
        ),
        (webapp, {"databases__pages__name": "order"}, "databases.pages.name = 'order': is reserved"),
        (webapp, {"databases__pages__name": "template1"}, "databases.pages.name = 'template1': is reserved"),
        (
            notifications,
            {"queue__max_receive_count": 1000},
            "queue.max_receive_count = 1000: a message may wait 900 seconds for each receive, and would be lost after "
            "retention_days, which is 4, before it got to the dead-letter queue; allowed: 5 to 383 (nearest: 383)",
        ),
        (
            platform,
            {
                "network__blocks__isolated": ("10.0.100.0/29", "10.0.110.0/24"),
            },
            "network.blocks.isolated[0] = '10.0.100.0/29': too small for an isolated subnet; allowed: up to /28",
        ),
        (platform, {"tags": {"Owner": "me"}}, "tags = 'Owner': is set on every resource by itself"),
        (
            ticketero,
            {"broker": BrokerConfig(engine_version="4.2", instance_type="mq.t3.micro")},
            "broker.instance_type = 'mq.t3.micro'",
        ),
        (
            ticketero,
            {"broker": BrokerConfig(engine_version="3.13", instance_type="mq.t3.medium")},
            "broker.instance_type = 'mq.t3.medium'",
        ),
        (
            ticketero,
            {"broker": BrokerConfig(engine_version="3.13", instance_type="mq.t3.micro", cluster=True)},
            "broker.instance_type = 'mq.t3.micro'",
        ),
    ],
)
def test_a_wrong_combination_is_told(make: Callable[[], SystemConfig], changes: dict[str, Any], told: str) -> None:
    assert [fault for fault in faults(make, **changes) if fault.startswith(told)] != []


def test_wrong_combinations_are_told_all_at_once() -> None:
    """Who mends one must not meet the next at the next attempt."""
    found = faults(
        platform_prod,
        cache=None,
        services__scheduler__max_tasks=3,
        network__blocks=SubnetBlocks(
            public=("10.0.1.0/24", "10.0.1.0/24"),
            private=("10.0.10.0/24", "10.0.20.0/24"),
            isolated=("10.0.100.0/24", "10.0.110.0/24"),
        ),
    )
    assert sorted(fault.partition(" = ")[0] for fault in found) == [
        "load_balancer.certificate_arn",
        "network.blocks.public[1]",
        "services.api.uses.cache",
        "services.scheduler.max_tasks",
        "services.scheduler.uses.cache",
    ]


@pytest.mark.parametrize("make", [notifications, ticketero, webapp, platform, ecommerce])
def test_the_systems_themselves_are_without_fault(make: Callable[[], SystemConfig]) -> None:
    assert faults(make) == []
