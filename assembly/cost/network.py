"""Ways in and out, and what goes through them."""

from collections.abc import Iterator

from assembly.cost.figures import Charge, Month, Pricings, charge
from assembly.cost.prices import HOURS_PER_MONTH
from assembly.errors import InputError
from assembly.templates import Resource

# What one capacity unit of an Application Load Balancer serves in an hour; the most used of its dimensions counts.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/introduction.html, "Pricing", and its price page.
_CONNECTIONS_PER_LCU_HOUR = 25 * 3600
_GIB_PER_LCU_HOUR = 1


def _load_balancer(month: Month, balancer: Resource) -> Iterator[Charge]:
    if (kind := balancer.value("Type", "application")) != "application":
        raise InputError(f"{balancer.stack}: {balancer.path} is of type {kind}; only application is priced")
    yield charge("alb.hour", HOURS_PER_MONTH)
    share = month.share(balancer)
    # Each request on a connection of its own, which is the most that it can be.
    connections = share * month.traffic.requests_per_month / _CONNECTIONS_PER_LCU_HOUR
    processed = share * month.traffic.out_gib_per_month / _GIB_PER_LCU_HOUR
    yield charge("alb.lcu_hour", max(connections, processed))
    without_addresses = "dualstack-without-public-ipv4"
    if (
        balancer.value("Scheme", "internet-facing") == "internet-facing"
        and balancer.value("IpAddressType") != without_addresses
    ):
        subnets = balancer.value("Subnets") or balancer.value("SubnetMappings") or []
        yield charge("ipv4.hour", len(subnets) * HOURS_PER_MONTH)


def _address(_month: Month, _address: Resource) -> Iterator[Charge]:
    yield charge("ipv4.hour", HOURS_PER_MONTH)


def _nat_gateway(month: Month, gateway: Resource) -> Iterator[Charge]:
    if gateway.value("AvailabilityMode") == "regional":
        zones = len(_zones(month, gateway))
        yield charge("nat_gateway.regional.hour", zones * HOURS_PER_MONTH)
        if not gateway.value("AvailabilityZoneAddresses"):
            # One that AWS allocates by itself in each zone.
            yield charge("ipv4.hour", zones * HOURS_PER_MONTH)
    else:
        yield charge("nat_gateway.hour", HOURS_PER_MONTH)
    yield charge("nat_gateway.gib", month.share(gateway) * month.traffic.nat_gib_per_month)


def _zones(month: Month, gateway: Resource) -> set[str]:
    """Zones in which the VPC of a regional gateway has subnets."""
    vpcs = month.named(gateway, "VpcId")
    return {
        str(subnet.value("AvailabilityZone", subnet.logical_id))
        for subnet in month.assembly.of_type("AWS::EC2::Subnet")
        if vpcs & month.named(subnet, "VpcId")
    }


def _endpoint(month: Month, endpoint: Resource) -> Iterator[Charge]:
    if not _is_interface(endpoint):
        return
    yield charge("interface_endpoint.hour", len(endpoint.value("SubnetIds") or [1]) * HOURS_PER_MONTH)
    if not _has_nat(month):
        share = month.share(endpoint, _is_interface)
        yield charge("interface_endpoint.gib", share * month.traffic.nat_gib_per_month)


def _is_interface(endpoint: Resource) -> bool:
    return str(endpoint.value("VpcEndpointType", "Gateway")) == "Interface"


def _has_nat(month: Month) -> bool:
    forwarding = (each for each in month.assembly.of_type("AWS::EC2::Instance") if not _checks_source(each))
    return bool(month.assembly.of_type("AWS::EC2::NatGateway")) or any(forwarding)


def _checks_source(instance: Resource) -> bool:
    return instance.flag("SourceDestCheck", default=True)


def _vpc(month: Month, vpc: Resource) -> Iterator[Charge]:
    yield charge("transfer.out_gib", month.share(vpc) * month.traffic.out_gib_per_month)


def _web_acl(month: Month, acl: Resource) -> Iterator[Charge]:
    """A web ACL is charged for itself, for each of its rules, a managed group being one, and for what it looks at."""
    yield charge("waf.web_acl_month", 1)
    yield charge("waf.rule_month", len(acl.value("Rules") or []))
    yield charge("waf.request", month.share(acl) * month.traffic.requests_per_month)


PRICED: Pricings = {
    "AWS::EC2::EIP": _address,
    "AWS::EC2::NatGateway": _nat_gateway,
    "AWS::EC2::VPC": _vpc,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancer,
    "AWS::WAFv2::WebACL": _web_acl,
}
