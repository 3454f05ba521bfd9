"""Rules of what is recorded, filtered and kept inside: what prod has to have thought about."""

from collections.abc import Iterator

from config.firewall import NOT_FILTERED
from config.model import Nat, Section, SystemConfig, Without
from config.problems import Problem
from config.traffic_logs import NOT_RECORDED


def _prod_decides(config: SystemConfig) -> Iterator[Problem]:
    """Find what prod goes without for no reason of its own."""
    if config.environment != "prod":
        return
    parts: list[tuple[str, Section, Without, str]] = [
        ("network.flow_logs", config.network.flow_logs, NOT_RECORDED, "FlowLogsConfig()"),
    ]
    if config.load_balancer is not None:
        parts += [
            ("load_balancer.access_logs", config.load_balancer.access_logs, NOT_RECORDED, "AccessLogsConfig()"),
            ("load_balancer.firewall", config.load_balancer.firewall, NOT_FILTERED, "FirewallConfig()"),
        ]
    for field, value, unsaid, allowed in parts:
        if value == unsaid:
            yield Problem(
                field=field,
                value=unsaid.reason,
                allowed=f"this is prod; allowed: {allowed}, or Without(reason=…) with a reason that holds here",
            )


def _inside_only(config: SystemConfig) -> Iterator[Problem]:
    """Find a list of S3's addresses that nothing is narrowed by."""
    network = config.network
    if network.s3_prefix_list_id is not None and network.nat is not Nat.NONE and not network.interface_endpoints:
        yield Problem(
            field="network.s3_prefix_list_id",
            value=network.s3_prefix_list_id,
            allowed="without interface endpoints all of HTTPS has to stay open; "
            "allowed: with network.interface_endpoints = True, or None",
        )


RULES = (_prod_decides, _inside_only)
