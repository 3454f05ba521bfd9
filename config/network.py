"""The network and the load balancer."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from config.firewall import NOT_FILTERED, FirewallConfig
from config.section import AcmCertificateArn, DomainName, Section, Without
from config.traffic_logs import NOT_RECORDED, AccessLogsConfig, FlowLogsConfig

# Of a load balancer's rules; 1 is asked first.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html
HIGHEST_PRIORITY = 50_000


class Nat(StrEnum):
    """How private subnets reach the internet."""

    NONE = "none"
    """Not at all: AWS's own APIs are reached through interface endpoints, nothing else is."""
    INSTANCE = "instance"
    """One small EC2 instance: the cheapest, gone for as long as its zone is."""
    GATEWAY = "gateway"
    """One NAT gateway, in the first zone."""
    GATEWAY_PER_ZONE = "gateway_per_zone"
    """A NAT gateway in every zone: losing a zone takes no other one's way out."""
    REGIONAL = "regional"
    """One regional NAT gateway, which AWS extends over the zones in use by itself."""


class SubnetBlocks(Section):
    """Exact blocks, one per zone in the order of the zones."""

    public: tuple[str, ...] = Field(min_length=1)
    """Blocks of the public subnets."""
    private: tuple[str, ...] = Field(min_length=1)
    """Blocks of the private subnets."""
    isolated: tuple[str, ...] = ()
    """Blocks of the isolated subnets; empty in a network of two tiers."""


class NetworkConfig(Section):
    """The VPC: public subnets for the load balancer, private ones for compute, isolated ones for data."""

    cidr: str
    """Private IPv4 block of the VPC."""
    zones: int = Field(ge=2, le=3)
    """Availability Zones in use."""
    tiers: int = Field(default=3, ge=2, le=3)
    """3 keeps data in isolated subnets without any route out; 2 puts it beside compute in the private ones.

    Those have a route to NAT: there, only the security groups of what keeps data let nothing out."""
    blocks: SubnetBlocks | None = None
    """Exact subnets; None computes them from `cidr`, public ones first, then private, then isolated."""
    subnet_prefix: int = Field(default=24, ge=20, le=27)
    """Prefix length of every computed subnet; a load balancer takes no smaller one than /27."""
    nat: Nat
    """How private subnets reach the internet."""
    interface_endpoints: bool = False
    """Whether AWS's own APIs that code uses are reached through interface endpoints, at 7.30 USD a month for each API
    and zone, also where NAT leads to them; where there is no NAT they are always there."""
    s3_prefix_list_id: str | None = Field(default=None, pattern=r"^pl-[0-9a-f]{8,17}$")
    """AWS's list of the addresses of S3 in the region. With it and interface endpoints, code that delivers to nobody
    outside reaches S3, those endpoints and the system's own servers, and nothing else; None leaves it all of HTTPS.
    `aws ec2 describe-managed-prefix-lists --filters Name=prefix-list-name,Values=com.amazonaws.REGION.s3` tells it."""
    flow_logs: FlowLogsConfig | Without = NOT_RECORDED
    """Connections that are recorded, or the reason to do without."""


def _is_fixed_status(status: int) -> int:
    # A load balancer redirects by an action of its own.
    if not (200 <= status <= 299 or 400 <= status <= 599):  # noqa: PLR2004
        message = "no status of a fixed response; allowed: 200 to 299, and 400 to 599"
        raise ValueError(message)
    return status


class FixedResponse(Section):
    """What the load balancer itself answers where no rule leads to a service."""

    status: Annotated[int, AfterValidator(_is_fixed_status)] = 404
    """HTTP status: 200 to 299, or 400 to 599."""
    content_type: str = Field(default="text/plain", pattern=r"^(text/(plain|css|html)|application/(javascript|json))$")
    """One of the content types a load balancer offers."""
    body: str = Field(default="", max_length=1024)
    """Text of the answer."""


class HostedZone(Section):
    """A public hosted zone of Route 53 in the account."""

    id: str = Field(pattern=r"^Z[A-Z0-9]{1,31}$")
    """Its id, such as `Z0123456789ABCDEFGHIJ`."""
    name: DomainName
    """Its domain name, such as `example.com`."""


class LoadBalancerConfig(Section):
    """The Application Load Balancer in front of the services."""

    certificate_arn: AcmCertificateArn | None = None
    """ACM certificate of the HTTPS listener; HTTP then only redirects. None makes one where there is a hosted zone, and
    serves plain HTTP otherwise."""
    domain_name: DomainName | None = None
    """Name that clients use, such as `api.example.com`; None leaves it at the load balancer's own."""
    hosted_zone: HostedZone | None = None
    """Zone that gets the record of `domain_name`, and that proves its certificate; None leaves both to others."""
    plain_http_because: str | None = Field(default=None, min_length=10, max_length=200)
    """Why prod may serve plain HTTP; None refuses prod without a certificate."""
    idle_timeout_seconds: int = Field(default=60, ge=1, le=4000)
    """Seconds after which an idle connection is closed, and a request without any answer given up."""
    deregistration_delay_seconds: int = Field(default=30, ge=0, le=3600)
    """Seconds that a task which goes is kept while its requests end."""
    fixed_response: FixedResponse | None = None
    """The default action; None where a service takes every request that no rule names."""
    strict_transport_days: int = Field(default=365, ge=0, le=730)
    """Days for which a browser that was served by HTTPS asks by HTTPS only (HSTS); 0 makes browsers forget it."""
    access_logs: AccessLogsConfig | Without = NOT_RECORDED
    """Requests that are recorded, or the reason to do without."""
    firewall: FirewallConfig | Without = NOT_FILTERED
    """The web application firewall, or the reason to do without."""


class Route(Section):
    """Which of the load balancer's requests a service gets; without paths and hosts: all that no rule names."""

    paths: tuple[str, ...] = Field(default=(), max_length=5)
    """Path patterns such as `/orders*`; one rule of a load balancer holds five values."""
    hosts: tuple[str, ...] = Field(default=(), max_length=5)
    """Host name patterns such as `api.example.com`."""
    priority: int | None = Field(default=None, ge=1, le=HIGHEST_PRIORITY)
    """Its place among the rules, 1 asked first; None derives it, narrower patterns before wider ones."""
