"""The network and the load balancer."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from config.section import AcmCertificateArn, Section

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
    """3 keeps data in isolated subnets without any route out; 2 puts it beside compute in the private ones."""
    blocks: SubnetBlocks | None = None
    """Exact subnets; None computes them from `cidr`, public ones first, then private, then isolated."""
    subnet_prefix: int = Field(default=24, ge=20, le=27)
    """Prefix length of every computed subnet; a load balancer takes no smaller one than /27."""
    nat: Nat
    """How private subnets reach the internet."""


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


class LoadBalancerConfig(Section):
    """The Application Load Balancer in front of the services."""

    certificate_arn: AcmCertificateArn | None = None
    """ACM certificate of the HTTPS listener; HTTP then only redirects. None serves plain HTTP."""
    plain_http_because: str | None = Field(default=None, min_length=10, max_length=200)
    """Why prod may serve plain HTTP; None refuses prod without a certificate."""
    fixed_response: FixedResponse | None = None
    """The default action; None where a service takes every request that no rule names."""


class Route(Section):
    """Which of the load balancer's requests a service gets; without paths and hosts: all that no rule names."""

    paths: tuple[str, ...] = Field(default=(), max_length=5)
    """Path patterns such as `/orders*`; one rule of a load balancer holds five values."""
    hosts: tuple[str, ...] = Field(default=(), max_length=5)
    """Host name patterns such as `api.example.com`."""
    priority: int | None = Field(default=None, ge=1, le=HIGHEST_PRIORITY)
    """Its place among the rules, 1 asked first; None derives it, narrower patterns before wider ones."""
