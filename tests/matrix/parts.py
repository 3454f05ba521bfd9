"""Options of what a system is made of, and of how it is run and paid for."""

from typing import get_args

from config.model import FlowLogsConfig, Nat, SubnetBlocks, SystemConfig, TrafficConfig, Without
from config.section import LogRetentionDays
from tests.matrix.choices import field, has_bucket, only_if, seldom, together
from tests.support.synth import ACCOUNT, REGION

# Parts that are left out, before all else.
PARTS = (
    seldom("services", lambda config: {"api": config.services["api"]}),
    seldom("databases", {}),
    together("queue and worker", *({},) * 5, {"queue": None, "worker": None}),
    seldom("cache", None),
    seldom("broker", None),
    seldom("search", None),
    seldom("storage", None),
    seldom("channels", None),
    seldom("monitoring", Without(reason="nobody is woken up for a matrix")),
    field("monitoring.reason", "nobody is woken up for a matrix", "it is looked at by tests only"),
    together("load_balancer", *({},) * 5, {"load_balancer": None, "services.api.route": None}),
    together("backup", {}, {"backup": None}, {}, {"backup": None}, {}),
    together("backup without databases", {"backup": lambda config: config.backup if config.databases else None}),
    together("dump", {}, {}, {"backup.dump": None}),
    together("dump without storage", {"backup.dump": lambda config: config.backup.dump if config.storage else None}),
    seldom("storage.buckets", lambda config: {"dumps": config.storage.buckets["dumps"]}),
    seldom("monitoring.prometheus", None),
)

ACCESS = (
    field("customer_keys", False, True),
    field("permissions_boundary", None, "workload", f"arn:aws:iam::{ACCOUNT}:policy/bounds/workload"),
    field("bootstrap_qualifier", "hnb659fds", "acme"),
    seldom("deploy_access", None),
    field("deploy_access.repository", "acme/matrix", "acme/lattice.io"),
    field("deploy_access.github_environment", None, "Production"),
    field(
        "deploy_access.provider_arn",
        None,
        f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com",
    ),
    field("deploy_access.session_hours", 1, 4),
)

GENERAL = (
    field("system", "matrix", "lattice"),
    field("owner", "platform", "shop"),
    field("cost_center", "matrix", "shop"),
    field("tags", {}, {"team": "matrix"}),
    field("account", None, ACCOUNT),
    field("region", None, REGION),
    field("log_retention_days", *get_args(LogRetentionDays)),
    field("log_level", "DEBUG", "INFO", "WARNING", "ERROR"),
)

_OCTETS = {"public": 0, "private": 100, "isolated": 200}


def exact_blocks(config: SystemConfig) -> SubnetBlocks:
    network = config.network
    start = network.cidr.rpartition(".0.0/16")[0]
    blocks = {
        tier: tuple(f"{start}.{octet + zone}.0/24" for zone in range(network.zones))
        for tier, octet in _OCTETS.items()
        if tier != "isolated" or network.tiers == 3
    }
    return SubnetBlocks(**blocks)


NETWORK = (
    field("network.cidr", "10.0.0.0/16", "172.16.0.0/16"),
    field("network.zones", 2, 3),
    field("network.tiers", 2, 3),
    field("network.blocks", None, exact_blocks),
    field("network.subnet_prefix", 24, 20),
    field("network.nat", *Nat),
    together(
        "ways inside",
        {},
        {"network.interface_endpoints": True},
        {"network.interface_endpoints": True, "network.s3_prefix_list_id": "pl-6ea54007"},
    ),
    together("flow logs", {}, *({"network.flow_logs": FlowLogsConfig()},) * 2),
    field("network.flow_logs.reason", "nobody connects to a matrix", "it is never deployed"),
    field("network.flow_logs.traffic", "REJECT", "ALL"),
    field("network.flow_logs.destination", "cloudwatch", "s3"),
    field("network.flow_logs.aggregation_seconds", 60, 600),
    field("network.flow_logs.expire_days", 90, 30),
)

OPERATIONS = (
    field("backup.retention_days", 30, 7),
    field("backup.hour_utc", 3, 5),
    field("backup.copy_region", None, "us-west-2"),
    field("backup.dump.database", "side", "main"),
    field("backup.dump.bucket", "dumps", only_if(has_bucket, "media", "dumps")),
    field("backup.dump.hour_utc", 2, 4),
    field("monitoring.dashboard", True, False),
    field("monitoring.container_insights", True, False),
    field("monitoring.prometheus.kind", "managed", "self_hosted"),
    field("monitoring.prometheus.scrape_interval_seconds", 30, 15),
    field("monitoring.prometheus.retention_days", 15, 7),
    together(
        "scraping task",
        {},
        {"monitoring.prometheus.cpu_units": 1024, "monitoring.prometheus.memory_mib": 2048},
        {"monitoring.prometheus.memory_mib": 2048},
    ),
)

COST = (
    seldom("cost", Without(reason="nobody pays for a matrix")),
    field("cost.reason", "nobody pays for a matrix", "it is never deployed"),
    field("cost.monthly_budget_usd", 5000, 6000),
    field("cost.price_region", "us-east-1", "eu-central-1"),
    field("cost.traffic.autoscaling_share", 0, 1),
    *(field(f"cost.traffic.{name}", 1, 2) for name in TrafficConfig.model_fields if name != "autoscaling_share"),
)
