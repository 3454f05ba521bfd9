"""Rules of the network."""

import ipaddress
import math
from collections.abc import Iterator
from itertools import combinations

from config.model import Nat, NetworkConfig, SystemConfig
from config.problems import Problem

# Largest to smallest block of a VPC and of a subnet. https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
VPC_PREFIXES = range(16, 28 + 1)
# A load balancer asks for subnets of /27 at least.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
SMALLEST_PUBLIC_PREFIX = 27
SMALLEST_PREFIX = 28
# RFC 1918.
PRIVATE_BLOCKS = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
THREE_TIERS = 3
IPV4_BITS = 32
# The first four addresses of a subnet and its last one.
# https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
TAKEN_BY_AWS = 5
# Network interfaces beside those of tasks: of functions, interface endpoints, and data in a network of two tiers.
OTHER_ADDRESSES = 10
_A = {"public": "a public", "private": "a private", "isolated": "an isolated"}


def _cidr(config: SystemConfig) -> Iterator[Problem]:
    network = config.network
    block, faults = _block("network.cidr", network.cidr)
    yield from faults
    if block is None:
        return
    if not any(block.subnet_of(each) for each in PRIVATE_BLOCKS) or block.prefixlen not in VPC_PREFIXES:
        yield Problem(
            field="network.cidr",
            value=network.cidr,
            allowed="allowed: a private block from /16 to /28, such as 10.0.0.0/16",
        )
    elif network.blocks is None:
        yield from _computed(network, block)
    else:
        yield from _exact(network, block)


def _computed(network: NetworkConfig, block: ipaddress.IPv4Network) -> Iterator[Problem]:
    subnets = network.tiers * network.zones
    longer = math.ceil(math.log2(subnets))
    if network.subnet_prefix - block.prefixlen >= longer:
        return
    if block.prefixlen + longer <= SMALLEST_PUBLIC_PREFIX:
        yield Problem(
            field="network.subnet_prefix",
            value=network.subnet_prefix,
            allowed=f"{subnets} subnets of that size do not fit into {network.cidr}; "
            f"allowed: {block.prefixlen + longer} to {SMALLEST_PUBLIC_PREFIX} (nearest: {block.prefixlen + longer})",
        )
    else:
        most = SMALLEST_PUBLIC_PREFIX - longer
        yield Problem(
            field="network.cidr",
            value=network.cidr,
            allowed=f"{subnets} subnets of the smallest size, /{SMALLEST_PUBLIC_PREFIX}, do not fit into it; "
            f"allowed: a block of /{most} or larger",
        )


def _exact(network: NetworkConfig, vpc: ipaddress.IPv4Network) -> Iterator[Problem]:
    assert network.blocks is not None  # noqa: S101  # tells the type checker what the caller has seen
    isolated = network.zones if network.tiers == THREE_TIERS else 0
    wanted = {"public": network.zones, "private": network.zones, "isolated": isolated}
    valid: list[tuple[str, ipaddress.IPv4Network]] = []
    for tier, count in wanted.items():
        texts: tuple[str, ...] = getattr(network.blocks, tier)
        if len(texts) != count:
            yield Problem(
                field=f"network.blocks.{tier}",
                value=list(texts),
                allowed=f"allowed: {count} blocks, as there are {network.zones} zones and {network.tiers} tiers",
            )
        for number, text in enumerate(texts):
            field = f"network.blocks.{tier}[{number}]"
            block, faults = _block(field, text)
            yield from faults
            if block is None:
                continue
            smallest = SMALLEST_PUBLIC_PREFIX if tier == "public" else SMALLEST_PREFIX
            if not block.subnet_of(vpc):
                yield Problem(
                    field=field, value=text, allowed=f"lies outside the VPC; allowed: a block of {network.cidr}"
                )
            elif block.prefixlen > smallest:
                yield Problem(
                    field=field, value=text, allowed=f"too small for {_A[tier]} subnet; allowed: up to /{smallest}"
                )
            valid.append((field, block))
    for (one, first), (other, second) in combinations(valid, 2):
        if first.overlaps(second):
            yield Problem(
                field=other, value=str(second), allowed=f"overlaps {one}, which is {first}; take another block"
            )


def _block(field: str, text: str) -> tuple[ipaddress.IPv4Network | None, list[Problem]]:
    """Return the block that a text stands for, or what is wrong with it."""
    try:
        block = ipaddress.IPv4Network(text)
    except ValueError as error:
        return None, [Problem(field=field, value=text, allowed=f"{error}; allowed: an IPv4 block such as 10.0.0.0/16")]
    if not text.endswith(f"/{block.prefixlen}"):
        return None, [Problem(field=field, value=text, allowed=f"write it as {block}")]
    return block, []


def _capacity(config: SystemConfig) -> Iterator[Problem]:
    """Find subnets whose addresses the tasks use up when a zone is lost while every service is replaced at its ceiling.

    A lost zone's tasks start in the zones that are left, and while a version is replaced, old and new ones run.
    """
    network = config.network
    tasks = sum(service.most_tasks_at_once for service in config.services.values())
    needed = math.ceil(tasks / (network.zones - 1)) + OTHER_ADDRESSES
    shortest = IPV4_BITS - math.ceil(math.log2(needed + TAKEN_BY_AWS))
    if network.blocks is None:
        sizes: dict[str, tuple[object, int]] = {"network.subnet_prefix": (network.subnet_prefix, network.subnet_prefix)}
    else:
        sizes = {
            f"network.blocks.private[{number}]": (text, block.prefixlen)
            for number, text in enumerate(network.blocks.private)
            if (block := _block("", text)[0]) is not None
        }
    for field, (value, prefix) in sizes.items():
        # A prefix that is none is refused by its field.
        if prefix in range(IPV4_BITS + 1) and 2 ** (IPV4_BITS - prefix) - TAKEN_BY_AWS < needed:
            yield Problem(
                field=field,
                value=value,
                allowed=f"a private subnet of it has {2 ** (IPV4_BITS - prefix) - TAKEN_BY_AWS} addresses, and with a "
                f"zone lost during a deployment {needed} are needed: of {tasks} tasks those of this zone, and "
                f"{OTHER_ADDRESSES} of functions, endpoints and data; allowed: up to /{shortest} (nearest: {shortest})",
            )


def _way_out(config: SystemConfig) -> Iterator[Problem]:
    if config.network.nat is not Nat.NONE:
        return
    users = {f"services.{name}": service.uses for name, service in config.services.items()}
    if config.worker is not None:
        users["worker"] = config.worker.uses
    for name, uses in users.items():
        outside = [channel for channel in uses.channels if channel in ("webhook", "telegram")]
        if outside:
            yield Problem(
                field=f"{name}.uses.channels",
                value=list(uses.channels),
                allowed=f"{' and '.join(outside)} need a way to the internet, which network.nat none does not give; "
                f"allowed: another network.nat: {', '.join(kind for kind in Nat if kind is not Nat.NONE)}",
            )


RULES = (_cidr, _capacity, _way_out)
