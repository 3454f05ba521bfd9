"""What a person may get wrong about the physics of a system: one deliberate mistake a row."""

from collections.abc import Callable
from typing import Any

from config.firewall import NOT_FILTERED
from config.model import (
    AuthenticationConfig,
    BackupConfig,
    BrokerConfig,
    BucketConfig,
    CacheConfig,
    DumpConfig,
    HostedZone,
    Nat,
    SystemConfig,
    Uses,
    Without,
    WorkingHours,
)
from config.systems.ecommerce.dev import dev as ecommerce
from config.systems.notifications.dev import dev as notifications
from config.systems.notifications.prod import prod as notifications_prod
from config.systems.notifications.staging import staging as notifications_staging
from config.systems.platform.dev import dev as platform
from config.systems.ticketero.dev import dev as ticketero
from config.systems.webapp.dev import dev as webapp
from config.traffic_logs import NOT_RECORDED

Make = Callable[[], SystemConfig]
Row = tuple[Make, dict[str, Any], str, str]

ZONE = HostedZone(id="Z0123456789ABCDEFGHIJ", name="example.com")
OPEN = Without(reason="a mistake has no visitors")
HOURS = WorkingHours(start="08:00", end="18:00", time_zone="Europe/Berlin")
CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"

# System, what is written instead, the field that is told, and a part of what is said about it.
TABLE: list[Row] = [
    # Queue and worker
    (notifications, {"queue__visibility_timeout_seconds": 60}, "queue.visibility_timeout_seconds", "nearest: 365"),
    (notifications, {"queue__visibility_timeout_seconds": 364}, "queue.visibility_timeout_seconds", "nearest: 365"),
    (notifications, {"queue__visibility_timeout_seconds": 43_201}, "queue.visibility_timeout_seconds", "30 to 43200"),
    (
        notifications,
        {"queue__visibility_timeout_seconds": 1000, "worker__timeout_seconds": 300},
        "queue.visibility_timeout_seconds",
        "worker.timeout_seconds, which is 300, and worker.batch_window_seconds, which is 5, or more (nearest: 1805)",
    ),
    (notifications, {"queue__max_receive_count": 5000}, "queue.max_receive_count", "nearest: 383"),
    (notifications, {"queue__max_receive_count": 400}, "queue.max_receive_count", "wait 900 seconds for each receive"),
    (notifications, {"queue__max_receive_count": 4}, "queue.max_receive_count", "nearest: 5"),
    (notifications, {"queue__dlq_retention_days": 4}, "queue.dlq_retention_days", "nearest: 5"),
    (notifications, {"queue__retention_days": 14}, "queue.dlq_retention_days", "nearest: 14, with retention_days 13"),
    (notifications, {"queue__fifo": True}, "worker.batch_window_seconds", "allowed: 0"),
    (
        notifications,
        {"channels__webhook_hosts_allowed_inside": ("127.0.0.1",)},
        "channels.webhook_hosts_allowed_inside.0",
        "allowed: NAME or NAME:PORT",
    ),
    (
        notifications,
        {"channels__webhook_hosts_allowed_inside": ("hooks.internal:70000",)},
        "channels.webhook_hosts_allowed_inside.0",
        "allowed: NAME or NAME:PORT",
    ),
    (
        notifications,
        {"channels__webhook_hosts_allowed_inside": ("https://hooks.internal",)},
        "channels.webhook_hosts_allowed_inside.0",
        "allowed: NAME or NAME:PORT",
    ),
    (notifications, {"worker__memory_mib": 20_000}, "worker.memory_mib", "nearest: 1024"),
    (notifications, {"worker__timeout_seconds": 900}, "worker.timeout_seconds", "nearest: 300"),
    (notifications, {"worker__batch_size": 11}, "worker.batch_size", "nearest: 10"),
    (notifications, {"worker__batch_window_seconds": 301}, "worker.batch_window_seconds", "nearest: 300"),
    (notifications, {"worker__max_concurrency": 6}, "worker.max_concurrency", "reserved_concurrency, which is 5"),
    (notifications, {"worker__max_concurrency": 1}, "worker.max_concurrency", "nearest: 2"),
    (notifications, {"worker__longest_delay_seconds": 901}, "worker.longest_delay_seconds", "nearest: 900"),
    (notifications, {"worker": None}, "worker", "a queue and its worker come together"),
    # Access
    (notifications, {"permissions_boundary": "arn:aws:iam::1:policy/x"}, "permissions_boundary", "policy/NAME"),
    (notifications, {"bootstrap_qualifier": "not-one"}, "bootstrap_qualifier", "not-one"),
    (notifications, {"deploy_access": {"repository": "acme"}}, "deploy_access.repository", "acme"),
    (
        notifications,
        {"deploy_access": {"repository": "acme/shop", "provider_arn": "github"}},
        "deploy_access.provider_arn",
        "oidc-provider/token.actions.githubusercontent.com",
    ),
    (
        notifications,
        {"deploy_access": {"repository": "acme/shop", "session_hours": 13}},
        "deploy_access.session_hours",
        "nearest: 12",
    ),
    # Databases
    (
        notifications,
        {"worker__reserved_concurrency": 600},
        "databases.notifications",
        "600 by worker, 1 by replay, 1 by keys, 1 by migrations",
    ),
    (
        notifications,
        {"services__api__database_pool_size": 100},
        "databases.notifications",
        "400 by services.api, 5 by worker, 1 by replay, 1 by keys, 1 by migrations",
    ),
    (
        notifications_staging,
        {"databases__notifications__max_acu": 0.5},
        "databases.notifications.max_acu",
        "nearest: 1",
    ),
    (notifications_prod, {"databases__notifications__min_acu": 9}, "databases.notifications.min_acu", "nearest: 8"),
    (
        notifications,
        {"databases__notifications__auto_pause_minutes": None},
        "databases.notifications.auto_pause_minutes",
        "5 to 1440",
    ),
    (notifications, {"worker__sweep_minutes": 5}, "worker.sweep_minutes", "keeps the database awake"),
    (
        notifications,
        {"services__api__program": "planning.scheduler", "services__api__authentication": OPEN},
        "services.api.uses.database",
        "over and over, and keeps it awake; allowed: databases.notifications.min_acu 0.5 and more (nearest: 0.5)",
    ),
    (notifications, {"databases__notifications__name": "my-database"}, "databases.notifications.name", "pattern"),
    (notifications, {"databases__notifications__port": 70_000}, "databases.notifications.port", "nearest: 65535"),
    (
        notifications,
        {
            "databases__notifications__backup_window_utc": "03:30-04:30",
            "databases__notifications__maintenance_window_utc": "sun:04:00-sun:05:00",
        },
        "databases.notifications.backup_window_utc",
        "nearest: 05:00-05:30",
    ),
    (
        notifications,
        {
            "databases__notifications__backup_window_utc": "23:30-00:30",
            "databases__notifications__maintenance_window_utc": "mon:00:00-mon:01:00",
        },
        "databases.notifications.backup_window_utc",
        "meets the maintenance window",
    ),
    (
        notifications,
        {"databases__notifications__backup_window_utc": "03:00-03:10"},
        "databases.notifications.backup_window_utc",
        "is 10 minutes long; allowed: 30 to 1440",
    ),
    (
        notifications,
        {"databases__notifications__maintenance_window_utc": "sunday 4am"},
        "databases.notifications.maintenance_window_utc",
        "sun:04:00-sun:05:00",
    ),
    (
        webapp,
        {"databases__pages__backup_window_utc": "03:00-04:00"},
        "databases.pages.backup_window_utc",
        "AWS Backup sets the window",
    ),
    (webapp, {"databases__pages__backup_retention_days": 36}, "databases.pages.backup_retention_days", "which is 30"),
    (webapp, {"databases__pages__storage_gib": 200}, "databases.pages.max_storage_gib", "which is 200"),
    (webapp, {"databases__pages__instance_type": "db.t4g.nano"}, "databases.pages.instance_type", "not offered"),
    # Services
    (notifications, {"services__api__cpu_units": 500}, "services.api.cpu_units", "nearest: 512"),
    (notifications, {"services__api__memory_mib": 8192}, "services.api.memory_mib", "nearest: 4096"),
    (
        notifications,
        {"services__api__authentication": None},
        "services.api.authentication",
        "AuthenticationConfig(), or",
    ),
    (
        webapp,
        {"services__web__authentication": None},
        "services.web.authentication",
        "Without(reason='…'), if everybody",
    ),
    (
        webapp,
        {"services__web__authentication": AuthenticationConfig()},
        "services.web.authentication",
        "program web asks nobody for keys or tokens",
    ),
    (
        notifications,
        {"services__api__authentication__api_keys": False},
        "services.api.authentication.api_keys",
        "nobody could prove anything",
    ),
    (notifications, {"services__api__min_tasks": 3}, "services.api.min_tasks", "nearest: 2"),
    (notifications, {"services__api__port": 70_000}, "services.api.port", "nearest: 65535"),
    (notifications, {"services__api__night_tasks": 2}, "services.api.night_tasks", "nearest: 1"),
    (notifications_staging, {"services__api__night_tasks": 0}, "services.api.night_tasks", "working_hours"),
    (notifications_staging, {"working_hours": HOURS}, "working_hours", "no service has night_tasks"),
    (notifications, {"working_hours__end": "08:00"}, "working_hours.end", "which is 09:00"),
    (notifications, {"working_hours__time_zone": "Europe/Berln"}, "working_hours.time_zone", "nearest: Europe/Berlin"),
    (platform, {"services__scheduler__max_tasks": 2}, "services.scheduler.max_tasks", "a singleton has one task"),
    (platform, {"cache": None, "services__api__uses__cache": False}, "services.scheduler.uses.cache", "no cache"),
    (
        ecommerce,
        {"services__order__uses__database": "orders"},
        "services.order.uses.database",
        "product, order, payment",
    ),
    (
        webapp,
        {"services__web__uses": Uses(buckets=("media",), database="pages")},
        "services.web.uses.buckets",
        "backups",
    ),
    # Ends of connections and tasks
    (notifications, {"services__api__keep_alive_seconds": 60}, "services.api.keep_alive_seconds", "nearest: 61"),
    (
        notifications,
        {"load_balancer__idle_timeout_seconds": 120},
        "services.api.keep_alive_seconds",
        "more than load_balancer.idle_timeout_seconds, which is 120 (nearest: 121)",
    ),
    (notifications, {"services__api__drain_seconds": 10}, "services.api.drain_seconds", "nearest: 20"),
    (notifications, {"services__api__stop_timeout_seconds": 180}, "services.api.stop_timeout_seconds", "nearest: 120"),
    (notifications, {"services__api__stop_timeout_seconds": 50}, "services.api.stop_timeout_seconds", "nearest: 51"),
    (
        notifications,
        {"load_balancer__deregistration_delay_seconds": 25},
        "load_balancer.deregistration_delay_seconds",
        "nearest: 26",
    ),
    (
        notifications,
        {"load_balancer__deregistration_delay_seconds": 60},
        "load_balancer.deregistration_delay_seconds",
        "nearest: 59",
    ),
    (
        notifications,
        {"load_balancer__deregistration_delay_seconds": 9999},
        "load_balancer.deregistration_delay_seconds",
        "nearest: 59",
    ),
    (notifications, {"load_balancer__idle_timeout_seconds": 10}, "load_balancer.idle_timeout_seconds", "nearest: 20"),
    # Network
    (notifications, {"network__cidr": "10.0.0.1/16"}, "network.cidr", "host bits"),
    (notifications, {"network__cidr": "8.8.0.0/16"}, "network.cidr", "a private block"),
    (notifications, {"network__cidr": "10.0.0.0/22"}, "network.subnet_prefix", "25 to 27 (nearest: 25)"),
    (notifications, {"network__cidr": "10.0.0.0/25"}, "network.cidr", "a block of /24 or larger"),
    (notifications, {"network__subnet_prefix": 10**11}, "network.subnet_prefix", "20 to 27"),
    (notifications, {"network__zones": 0}, "network.zones", "nearest: 2"),
    (notifications, {"network__nat": Nat.NONE}, "worker.uses.channels", "webhook and telegram"),
    (
        notifications_prod,
        {"network__subnet_prefix": 27, "services__api__max_tasks": 40, "load_balancer__certificate_arn": CERTIFICATE},
        "network.subnet_prefix",
        "27 addresses, and with a zone lost during a deployment 50 are needed: of 80 tasks those of this zone, and 10",
    ),
    (
        ticketero,
        {"network__blocks__private": ("10.0.11.0/28", "10.0.12.0/24")},
        "network.blocks.private[0]",
        "nearest: 27",
    ),
    (ticketero, {"network__blocks__private": ("10.0.2.0/24", "10.0.12.0/24")}, "network.blocks.private[0]", "overlaps"),
    (ticketero, {"network__blocks__private": ("10.1.0.0/24", "10.0.12.0/24")}, "network.blocks.private[0]", "outside"),
    # What prod has to have thought about
    (
        notifications_prod,
        {"load_balancer__firewall": NOT_FILTERED, "load_balancer__certificate_arn": CERTIFICATE},
        "load_balancer.firewall",
        "allowed: FirewallConfig(), or Without(reason=",
    ),
    (
        notifications_prod,
        {"load_balancer__access_logs": NOT_RECORDED, "load_balancer__certificate_arn": CERTIFICATE},
        "load_balancer.access_logs",
        "AccessLogsConfig()",
    ),
    (
        notifications_prod,
        {"network__flow_logs": NOT_RECORDED, "load_balancer__certificate_arn": CERTIFICATE},
        "network.flow_logs",
        "FlowLogsConfig()",
    ),
    (
        notifications,
        {"network__s3_prefix_list_id": "pl-0123456789abcdef0"},
        "network.s3_prefix_list_id",
        "network.interface_endpoints = True",
    ),
    (notifications, {"network__s3_prefix_list_id": "s3"}, "network.s3_prefix_list_id", "pattern"),
    (notifications, {"load_balancer__strict_transport_days": 1000}, "load_balancer.strict_transport_days", "730"),
    # Certificate, domain and zone
    (notifications_prod, {}, "load_balancer.certificate_arn", "prod serves HTTPS only"),
    (
        notifications,
        {"load_balancer__domain_name": "api.example.org", "load_balancer__hosted_zone": ZONE},
        "load_balancer.domain_name",
        "nearest: api.example.com",
    ),
    (notifications, {"load_balancer__hosted_zone": ZONE}, "load_balancer.domain_name", "gets no record without it"),
    (notifications, {"load_balancer__domain_name": "api.example.org"}, "load_balancer.domain_name", "with hosted_zone"),
    (notifications, {"load_balancer__certificate_arn": "arn:aws:iam::1:x"}, "load_balancer.certificate_arn", "ACM"),
    # Versions and sizes that are not offered
    (platform, {"cache": CacheConfig(engine="redis", engine_version="8.0")}, "cache.engine_version", "6.2, 7.0, 7.1"),
    (platform, {"cache__node_type": "cache.t3.xlarge"}, "cache.node_type", "micro, small, medium"),
    (ticketero, {"broker": BrokerConfig(instance_type="mq.t3.medium")}, "broker.instance_type", "mq.m7g.medium"),
    (ecommerce, {"search__volume_gib": 16_384}, "search.volume_gib", "10 to 100"),
    (
        webapp,
        {"databases__pages__engine_version": "17.99"},
        "databases.pages.engine_version",
        "(nearest: 17.10)",
    ),
    # Backups and data
    (webapp, {"backup": BackupConfig(copy_region="eu-central-9")}, "backup.copy_region", "nearest: eu-central-"),
    (
        webapp,
        {"backup__dump": DumpConfig(database="pages", bucket="dumps")},
        "backup.dump.bucket",
        "is not in storage.buckets",
    ),
    (
        webapp,
        {"storage__buckets__backups": BucketConfig(infrequent_access_days=60, expire_days=60)},
        "storage.buckets.backups.infrequent_access_days",
        "allowed: 30 to 59",
    ),
    (
        notifications,
        {
            "databases__notifications__backup_window_utc": "03:00-04:00",
            "databases__notifications__maintenance_window_utc": "sun:04:00-mon:04:00",
        },
        "databases.notifications.backup_window_utc",
        "shorten maintenance_window_utc",
    ),
    (notifications, {"cost__price_region": "zz-nowhere-9"}, "cost.price_region", "no region"),
    # Where and how long
    (notifications, {"region": "us-west-1", "network__zones": 3}, "network.zones", "2 zones in us-west-1"),
    (
        notifications,
        {"region": "eu-west-1", "load_balancer__certificate_arn": CERTIFICATE},
        "load_balancer.certificate_arn",
        "one of region eu-west-1",
    ),
    (notifications, {"account": "١٢٣٤٥٦٧٨٩٠١٢"}, "account", "pattern"),
    (notifications, {"account": "12345"}, "account", "12"),
    (notifications, {"region": "eu-middle-1"}, "region", "no region"),
    (notifications, {"log_retention_days": 31}, "log_retention_days", "30"),
    (notifications, {"lifecycle": "keep"}, "lifecycle", "'destroy', 'snapshot' or 'retain'"),
    (notifications, {"tags": {"system": "mine"}}, "tags", "set on every resource by itself"),
]
